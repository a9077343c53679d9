"""Pass a plan to the check, with the words that a task's status may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Dag, Policy, Task, TaskStatus

NAME = "take_plan"
ENDED = ("Done", "Skipped", "Cancelled")


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
    dag = input["plan"]["dag"]
    tasks = {name: unscoped(task) for name, task in dag["tasks"].items()}
    return {"dag": {**dag, "tasks": tasks}, "statuses": sorted(input["policy"]["statuses"])}


def unscoped(task: Task) -> Task:
    """What has ended changes nothing any more."""
    return {**task, "scope": []} if task.get("status") in ENDED else task


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
