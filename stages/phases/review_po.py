"""Plan one review for every task, with what it checks."""

from typing import Any, NotRequired, TypedDict

NAME = "review_po"


class Input(TypedDict):
    tasks: list[Any]
    design_doc: NotRequired[str | None]
    framework: NotRequired[str | None]
    answered: NotRequired[Any]
    notes: NotRequired[list[str] | None]


class Heard(TypedDict):
    focus: str
    agent_prompt: str


class Check(Heard):
    id: str
    reviews: str
    framework: str


class Output(TypedDict):
    design_doc: str
    tasks: list[Any]
    review_checks: list[Check]
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    """With `answered`, the model's, it says what to look at if it holds; else the rules do, with a note."""
    tasks = input.get("tasks") or []
    if not tasks:
        raise ValueError("review_po: 'tasks' must be a non-empty list")
    answered, notes, heard = input.get("answered"), list(input.get("notes") or []), {}
    if answered is not None:
        try:
            heard = heard_of(answered, [str(task["id"]) for task in tasks])
        except ValueError as fault:
            notes.append(f"Reviews planned by rules instead of the model: {fault}")
    output: Output = {
        "design_doc": input.get("design_doc") or "",
        "tasks": tasks,
        "review_checks": [check_of(task, input.get("framework"), heard) for task in tasks],
    }
    return {**output, "notes": notes} if notes else output


def heard_of(answered: Any, tasks: list[str]) -> dict[str, Heard]:
    """What the model says to look at, by task; one review for each and no other."""
    heard: dict[str, Heard] = {}
    for one in said(answered, "review_checks", list):
        name = said(one, "reviews", str)
        if name not in tasks or name in heard:
            raise ValueError(f"the model's answer reviews '{name}', which is no task or has its review")
        heard[name] = {"focus": said(one, "focus", str), "agent_prompt": said(one, "agent_prompt", str)}
    if left := [name for name in tasks if name not in heard]:
        raise ValueError(f"the model's answer has no review of '{left[0]}'")
    return heard


def said(answered: Any, field: str, kind: type) -> Any:
    """What the model said there; where there is nothing, ValueError says why."""
    told = answered if isinstance(answered, dict) else {}
    if isinstance(why := told.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = told.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


def check_of(task: dict[str, Any], framework: str | None, heard: dict[str, Heard]) -> Check:
    task_id = str(task["id"])
    is_test = task_id.startswith("tests-")
    focus = "test coverage vs. design contract" if is_test else "correctness vs. interface"
    prompt = f"Review the work on “{task.get('title') or task_id}”. Look at: {focus}."
    ruled: Heard = {"focus": focus, "agent_prompt": prompt}
    return {
        "id": f"review-{task_id}",
        "reviews": task_id,
        **heard.get(task_id, ruled),
        "framework": framework or task.get("framework") or "claude-code",
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
