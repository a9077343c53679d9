"""Pass the plan as it stood on the board to the reader of kickoffs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Command

NAME = "take_plan_before"


class Input(TypedDict):
    events: list[Command]


class Output(TypedDict):
    brief: str
    lenient: bool


def execute(input: Input) -> Output:
    return {"brief": input["events"][0]["edit"]["lines_before"], "lenient": True}


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
