"""Count a sprint's tasks by how they ended, and say whether anything is left to do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import SprintState


class Input(TypedDict):
    state: SprintState


class Output(TypedDict):
    complete: bool
    total: int
    done: int
    blocked: int
    cancelled: int
    finished: bool


def execute(input: Input) -> Output:
    tasks = input["state"].get("tasks") or {}
    count = Counter(task.get("status") for task in tasks.values())
    total = len(tasks)
    blocked = count["Blocked"] + count["Escalated"]
    ended = count["Done"] + count["Cancelled"] + count["Skipped"]
    return {
        "complete": total > 0 and ended + blocked == total,
        "total": total,
        "done": count["Done"],
        "blocked": blocked,
        "cancelled": count["Cancelled"],
        "finished": total > 0 and ended == total,
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
