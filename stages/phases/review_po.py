"""Plan one review for every task, with what it checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Json

NAME = "review_po"


class Task(TypedDict):
    """A task as `dev_po` makes it; one that was written by hand has at least an id."""

    id: str
    title: NotRequired[str | None]
    depends_on: NotRequired[list[str] | None]
    agent_prompt: NotRequired[str | None]
    framework: NotRequired[str | None]
    component: NotRequired[str | None]


class Input(TypedDict):
    tasks: list[Task]
    design_doc: NotRequired[str | None]
    framework: NotRequired[str | None]
    answered: NotRequired[Json]  # the model's answer, checked before it is used
    notes: NotRequired[list[str] | None]


class Advice(TypedDict):
    focus: str
    agent_prompt: str


class Check(Advice):
    id: str
    reviews: str
    framework: str


class Output(TypedDict):
    design_doc: str
    tasks: list[Task]
    review_checks: list[Check]
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    """With `answered`, the model's, it says what to look at if it holds; else the rules do, with a note."""
    tasks = input.get("tasks") or []
    if not tasks:
        raise ValueError("review_po: 'tasks' must be a non-empty list")
    answered, notes = input.get("answered"), list(input.get("notes") or [])
    advice: dict[str, Advice] = {}
    if answered is not None:
        try:
            advice = advice_of(answered, [str(task["id"]) for task in tasks])
        except ValueError as fault:
            notes.append(f"Reviews planned by rules instead of the model: {fault}")
    output: Output = {
        "design_doc": input.get("design_doc") or "",
        "tasks": tasks,
        "review_checks": [check_of(task, input.get("framework"), advice) for task in tasks],
    }
    return {**output, "notes": notes} if notes else output


def advice_of(answered: Json, tasks: list[str]) -> dict[str, Advice]:
    """What the model says to look at, by task; one review for each and no other."""
    advice: dict[str, Advice] = {}
    for one in answer_field(answered, "review_checks", list):
        name = answer_field(one, "reviews", str)
        if name not in tasks or name in advice:
            raise ValueError(f"the model's answer reviews '{name}', which is no task or has its review")
        advice[name] = {
            "focus": answer_field(one, "focus", str),
            "agent_prompt": answer_field(one, "agent_prompt", str),
        }
    if left := [name for name in tasks if name not in advice]:
        raise ValueError(f"the model's answer has no review of '{left[0]}'")
    return advice


def answer_field(answered: Json, field: str, kind: type) -> Json:
    """What the model said there; where there is nothing, ValueError says why."""
    fields = answered if isinstance(answered, dict) else {}
    if isinstance(why := fields.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = fields.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


def check_of(task: Task, framework: str | None, advice: dict[str, Advice]) -> Check:
    task_id = str(task["id"])
    is_test = task_id.startswith("tests-")
    focus = "test coverage vs. design contract" if is_test else "correctness vs. interface"
    prompt = f"Review the work on “{task.get('title') or task_id}”. Look at: {focus}."
    ruled: Advice = {"focus": focus, "agent_prompt": prompt}
    return {
        "id": f"review-{task_id}",
        "reviews": task_id,
        **advice.get(task_id, ruled),
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
