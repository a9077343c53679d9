"""Gather the facts for a retro: the sprint's tasks, its times, and what the agents reported."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Feedback, SprintFigures, SprintFinished, SprintState, State, Task

NAME = "gather_retro"


class Input(TypedDict):
    state: State
    events: list[SprintFinished]


class Output(TypedDict):
    state: SprintState
    sprint_id: str
    goal: str
    started_at: str | None
    ended_at: str | None
    feedback_items: list[Feedback]
    previous: SprintFigures | None


def execute(input: Input) -> Output:
    """Of the sprint that runs, or of one that has ended; where there is none, of nothing."""
    state, number = input["state"], input["events"][0]["number"]
    kickoff = state["kickoffs"].get(str(number))
    ended = (kickoff.get("tasks") if kickoff else None) or {}
    tasks = state["tasks"] if number == state.get("running") else ended
    return {
        "state": {"tasks": tasks},
        "sprint_id": kickoff["id"] if kickoff else "",
        "goal": kickoff.get("goal") or "" if kickoff else "",
        "started_at": kickoff.get("started_at") if kickoff else None,
        "ended_at": kickoff.get("ended_at") if kickoff else None,
        "feedback_items": [item for name, task in in_order(tasks) for item in reported(name, task)],
        "previous": state.get("last_kpis"),
    }


def in_order(tasks: dict[str, Task]) -> list[tuple[str, Task]]:
    """The plan's order: the store keeps none."""
    return sorted(tasks.items(), key=lambda item: (item[1].get("position") or math.inf, item[0]))


def reported(task_id: str, task: Task) -> list[Feedback]:
    """Missing feedback is missing, never taken for a success."""
    report = task.get("report")
    if not isinstance(report, dict):
        return []
    parsed = {"task_id": task_id, "agent_role": task.get("agent_id"), **report}
    return [{"issue_number": task.get("issue_number"), "author": task.get("agent_id"), "is_parsed_yaml": True,
             "parsed": parsed}]  # fmt: skip


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
