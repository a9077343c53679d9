"""Pass the turn to the stage that evaluates the tasks, without what only ticks need."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Event, Policy, State

NAME = "take_turn"


class Input(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


class Output(TypedDict):
    state: State
    events: list[Event]
    now: str
    policy: Policy


def execute(input: Input) -> Output:
    return {
        "state": input["state"],
        "events": input["events"],
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
