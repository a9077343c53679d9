"""Join tasks and reviews into one list of a sprint's tasks."""

from typing import NotRequired, TypedDict

NAME = "phases_to_sprint_tasks"


class Task(TypedDict):
    """A task as `dev_po` makes it; one that was written by hand has at least an id."""

    id: str
    title: NotRequired[str | None]
    depends_on: NotRequired[list[str] | None]
    agent_prompt: NotRequired[str | None]
    framework: NotRequired[str | None]
    component: NotRequired[str | None]


class Check(TypedDict):
    """A review as `review_po` plans it."""

    id: str
    reviews: str
    focus: str
    agent_prompt: str
    framework: NotRequired[str | None]


class Input(TypedDict):
    tasks: list[Task]
    review_checks: NotRequired[list[Check] | None]
    design_doc: NotRequired[str | None]
    notes: NotRequired[list[str] | None]


class Output(TypedDict):
    tasks: list[Task]
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    tasks: list[Task] = [*input["tasks"], *map(review_task, input.get("review_checks") or [])]
    if not tasks:
        raise ValueError("phases_to_sprint_tasks: 'tasks' must be a non-empty list")
    seen: set[str] = set()
    for task in tasks:
        if task["id"] in seen:
            raise ValueError(f"phases_to_sprint_tasks: duplicate task id '{task['id']}'")
        seen.add(task["id"])
    notes = input.get("notes")
    return {"tasks": tasks, "notes": notes} if notes else {"tasks": tasks}


def review_task(check: Check) -> Task:
    return {
        "id": check["id"],
        "title": f"Review {check['reviews']}: {check['focus']}",
        "depends_on": [check["reviews"]],
        "agent_prompt": check["agent_prompt"],
        "framework": check.get("framework") or "claude-code",
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
