"""Note whether the bot's machine is short of disk space, so that the boards say why nothing new starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Event, State

NAME = "note_machine"


class Input(TypedDict):
    state: State
    events: list[Event]


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    state = input["state"]
    for event in input["events"]:
        if event["type"] == "machine":
            state = {**state, "short_of_space": event["short_of_space"]}
    return {"state": state, "actions": [], "events": []}


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
