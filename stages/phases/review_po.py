"""Plan one review for every task, and say what it has to look at."""

from typing import Any, NotRequired, TypedDict

NAME = "review_po"


class Input(TypedDict):
    tasks: list[Any]
    design_doc: NotRequired[str | None]
    framework: NotRequired[str | None]


class Check(TypedDict):
    id: str
    reviews: str
    focus: str
    agent_prompt: str
    framework: str


class Output(TypedDict):
    design_doc: str
    tasks: list[Any]
    review_checks: list[Check]


def execute(input: Input) -> Output:
    tasks = input.get("tasks") or []
    if not tasks:
        raise ValueError("review_po: 'tasks' must be a non-empty list")
    return {
        "design_doc": input.get("design_doc") or "",
        "tasks": tasks,
        "review_checks": [check_of(task, input.get("framework")) for task in tasks],
    }


def check_of(task: dict[str, Any], framework: str | None) -> Check:
    task_id = str(task["id"])
    is_test = task_id.startswith("tests-")
    focus = "test coverage vs. design contract" if is_test else "correctness vs. interface"
    return {
        "id": f"review-{task_id}",
        "reviews": task_id,
        "focus": focus,
        "agent_prompt": f"Review the work on “{task.get('title') or task_id}”. Look at: {focus}.",
        "framework": framework or task.get("framework") or "claude-code",
    }


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
