"""List the tasks that are ready to be started."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import SprintState

NAME = "unblocked_tasks"


class Input(TypedDict):
    state: SprintState


class Ready(TypedDict):
    task_id: str
    title: str
    agent_id: str | None
    issue_number: float | None


class Output(TypedDict):
    ready_tasks: list[Ready]


def execute(input: Input) -> Output:
    tasks = input["state"].get("tasks") or {}
    return {
        "ready_tasks": [
            {
                "task_id": task_id,
                "title": task.get("title") or task_id,
                "agent_id": task.get("agent_id"),
                "issue_number": task.get("issue_number"),
            }
            for task_id, task in tasks.items()
            if task.get("status") == "Ready"
        ]
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
