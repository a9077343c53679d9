"""Pass a supposed sprint to the stage that forecasts its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Policy, State, Supposed

NAME = "take_supposed"


class Played(TypedDict):
    supposed: Supposed


class Input(TypedDict):
    state: State
    policy: Policy
    played: Played


class Output(TypedDict):
    state: State
    policy: Policy
    supposed: Supposed


def execute(input: Input) -> Output:
    supposed = input["played"]["supposed"]
    return {"state": input["state"], "policy": input["policy"], "supposed": supposed}


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
