"""Ask the model what the review of each task has to look at, for `review_po` to check."""

from typing import NotRequired, TypedDict

from shell.structured_output import ask_for

NAME = "review_po_llm"
EFFECTS = ["Fallible", "Llm", "Network", "NonDeterministic"]

TASK = """You are the reviewer of a small software team. Plan exactly one review for every task. `reviews`:
the task's id, to the letter. `focus`: in a few words what matters most there, by the design.
`agent_prompt`: what the reviewer has to check, point by point, and what would be a reason to send the work
back."""


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


class Check(TypedDict):
    reviews: str
    focus: str
    agent_prompt: str


class Output(TypedDict, total=False):
    design_doc: str
    tasks: list[Task]
    review_checks: list[Check]
    notes: list[str]


def execute(input: Input) -> Output:
    answer: Output = ask_for(TASK, input, Input, Output, "review_checks")
    return {"design_doc": input.get("design_doc") or "", "tasks": input["tasks"], **answer}


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
