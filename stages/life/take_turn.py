"""Pass the turn to the stage that evaluates the tasks: with the sprint's pause, without what ticks need."""

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
    state, policy = input["state"], input["policy"]
    if is_paused(state):
        policy = {**policy, "paused": True}
    return {"state": state, "events": input["events"], "now": input["now"], "policy": policy}


def is_paused(state: State) -> bool:
    kickoff = state["kickoffs"].get(str(state.get("running")))
    return kickoff is not None and kickoff["status"] == "Paused"


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
