"""Pass the plans that people are to read, or may still read, to those who write their briefs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Kickoff, State, Task, Telling

NAME = "take_unread"
TO_BE_READ = ("AwaitingApproval", "Approved")


class Input(TypedDict):
    state: State


class Output(TypedDict):
    tellings: dict[str, Telling]


def execute(input: Input) -> Output:
    kickoffs = input["state"]["kickoffs"].items()
    return {"tellings": {number: told(one) for number, one in kickoffs if one["status"] in TO_BE_READ}}


def told(kickoff: Kickoff) -> Telling:
    tasks = kickoff.get("plan") or {}
    return {
        "title": kickoff.get("title"),
        "goal": kickoff.get("goal") or "",
        "brief": kickoff.get("brief") or {},
        "sprint_tasks": tasks,
        "chosen": in_order(tasks),
    }


def in_order(tasks: dict[str, Task]) -> list[str]:
    """The plan's order: the store and the engine keep none."""
    return sorted(tasks, key=lambda name: (tasks[name].get("position") or math.inf, name))


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
