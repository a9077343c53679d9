"""Compare a new plan with the one before it: what is new, gone or other, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Dag, State, Task

NAME = "compare_plans"


class Plan(TypedDict):
    dag: Dag
    errors: list[str]


class Input(TypedDict):
    state: State
    plan: Plan


class Output(TypedDict):
    differences: list[str]  # with others' words as they are


UNDER_WAY = ("Running", "Paused")
OVER = ("Cancelled",)
TOLD = {
    "title": "title",
    "description": "description",
    "acceptance": "acceptance",
    "scope": "scope",
    "skills": "skills",
    "complexity": "complexity",
    "milestone": "milestone",
    "framework": "framework",
    "model": "model",
}
"""What else may be other, by the field that holds it."""


def execute(input: Input) -> Output:
    state, dag = input["state"], input["plan"]["dag"]
    kickoff = next((one for one in state["kickoffs"].values() if one["id"] == dag.get("sprint_id")), None)
    if kickoff is None or input["plan"]["errors"]:
        return {"differences": []}
    running = kickoff["status"] in UNDER_WAY
    before = state["tasks"] if running else kickoff.get("plan") or {}
    return {"differences": lines_between(before, dag["tasks"])}


def lines_between(before: dict[str, Task], after: dict[str, Task]) -> list[str]:
    gone = [name for name, task in in_order(before) if is_there(task) and not is_there(after.get(name))]
    new = [name for name, task in in_order(after) if is_there(task) and not is_there(before.get(name))]
    same = [name for name, task in in_order(after) if is_there(task) and is_there(before.get(name))]
    other = {name: what_is_other(before[name], after[name]) for name in same}
    return [
        *(f"- {name} {before[name]['title']}" for name in gone),
        *(f"! {name} {after[name]['title']} ({'; '.join(what)})" for name, what in other.items() if what),
        *(f"+ {name} {after[name]['title']}{where_of(after[name])}" for name in new),
    ]


def is_there(task: Task | None) -> bool:
    return task is not None and task.get("status") not in OVER


def in_order(tasks: dict[str, Task]) -> list[tuple[str, Task]]:
    """The plan's order: the store keeps none."""
    return sorted(tasks.items(), key=lambda item: (item[1].get("position") or 0, item[0]))


def what_is_other(before: Task, after: Task) -> list[str]:
    one: Mapping[str, object] = before
    another: Mapping[str, object] = after
    words = [
        f"other {word}" for name, word in TOLD.items() if (one.get(name) or "") != (another.get(name) or "")
    ]
    if set(before["depends_on"]) != set(after["depends_on"]):
        words.append(after_words(after) or "after nothing")
    return words


def where_of(task: Task) -> str:
    """Whether it is a hotfix, what it comes after, and what it may change."""
    scope = task.get("scope") or []
    own = "hotfix" if task.get("hotfix") else ""
    notes = [note for note in (own, after_words(task), f"only {', '.join(scope)}" if scope else "") if note]
    return f" ({'; '.join(notes)})" if notes else ""


def after_words(task: Task) -> str:
    return f"after {', '.join(task['depends_on'])}" if task["depends_on"] else ""


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
