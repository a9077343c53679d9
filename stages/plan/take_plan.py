"""Pass a plan to the check, with the words that a task's status may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Dag, Policy, TaskStatus

NAME = "take_plan"


class Plan(TypedDict):
    dag: Dag
    errors: list[str]


class Input(TypedDict):
    plan: Plan
    policy: Policy


class Output(TypedDict):
    dag: Dag
    statuses: list[TaskStatus]


def execute(input: Input) -> Output:
    return {"dag": input["plan"]["dag"], "statuses": sorted(input["policy"]["statuses"])}


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
