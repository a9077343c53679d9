"""Pass the sprint on whose kickoff something was said to the stage that gathers the facts for a retro."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Command, SprintFinished, State

NAME = "take_sprint"


class Input(TypedDict):
    state: State
    events: list[Command]


class Output(TypedDict):
    state: State
    events: list[SprintFinished]


def execute(input: Input) -> Output:
    number = input["events"][0]["where"]["number"]
    about: SprintFinished = {"type": "sprint_finished", "key": f"retro:{number}", "number": number}
    return {"state": input["state"], "events": [about]}


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
