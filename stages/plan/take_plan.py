"""Pass a plan to the check."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Dag

NAME = "take_plan"


class Plan(TypedDict):
    dag: Dag
    errors: list[str]


class Input(TypedDict):
    plan: Plan


class Output(TypedDict):
    dag: Dag


def execute(input: Input) -> Output:
    return {"dag": input["plan"]["dag"]}


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
