"""Merge one step into a turn: its state replaces the turn's, its actions are appended.

A step's events replace the turn's; a step without events leaves them as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Event, Policy, State

NAME = "take_step"


class Step(TypedDict):
    state: State
    actions: list[Action]
    events: NotRequired[list[Event] | None]


class Input(TypedDict):
    state: State
    events: list[Event]
    actions: list[Action]
    now: str
    policy: Policy
    step: Step


class Output(TypedDict):
    state: State
    events: list[Event]
    actions: list[Action]
    now: str
    policy: Policy


def execute(input: Input) -> Output:
    step = input["step"]
    events = step.get("events")
    return {
        "state": step["state"],
        "events": input["events"] if events is None else events,
        "actions": [*input["actions"], *step["actions"]],
        "now": input["now"],
        "policy": input["policy"],
    }


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
