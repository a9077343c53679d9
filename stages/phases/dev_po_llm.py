"""Ask the model for the tasks that build and test each component, for `dev_po` to check."""

from typing import NotRequired, TypedDict

from shell.structured_output import ask_for

NAME = "dev_po_llm"
EFFECTS = ["Fallible", "Llm", "Network", "NonDeterministic"]

TASK = """You are the lead developer of a small software team. Make the tasks that build what the design
says: for each component at least one that implements it (`impl-<component>`) and one that tests it
(`tests-<component>`, after the first). `id`: a-z, 0-9 and - only, unique. `depends_on`: ids of tasks that
stand above it in the list. `component`: the component's name, to the letter. `agent_prompt`: all that an
agent must know to do the task alone, with the interface it has to keep."""


class Sketch(TypedDict, total=False):
    """A component that is named, and described as far as it is known yet."""

    name: str | None
    purpose: str | None
    interface: str | None


class Input(TypedDict):
    components: list[Sketch]
    design_doc: NotRequired[str | None]
    risks: NotRequired[list[str] | None]
    framework: NotRequired[str | None]


class Task(TypedDict):
    id: str
    title: str
    depends_on: list[str]
    agent_prompt: str
    component: str


class Output(TypedDict, total=False):
    design_doc: str
    components: list[Sketch]
    risks: list[str]
    tasks: list[Task]
    notes: list[str]


def execute(input: Input) -> Output:
    answer: Output = ask_for(TASK, input, Input, Output, "tasks")
    return {
        "design_doc": input.get("design_doc") or "",
        "components": input["components"],
        "risks": input.get("risks") or [],
        **answer,
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
