"""Ask the model for components, their design and its risks, for `architect_po` to check."""

from typing import NotRequired, TypedDict

from shell.structured_output import ask_for

NAME = "architect_po_llm"
EFFECTS = ["Fallible", "Llm", "Network", "NonDeterministic"]

TASK = """You are the architect of a small software team. Split the goal into one to five components that can
be built in parallel, bound to the constraints; where the message has a components_inventory, keep all of
it. `components`: each with a unique name in PascalCase, its purpose in one sentence, and the interface that
the others rely on. `design_doc`: Markdown with the goal, the constraints, the components and how they work
together. `risks`: each in one sentence, only real ones."""


class Sketch(TypedDict, total=False):
    """A component that is named, and described as far as it is known yet."""

    name: str | None
    purpose: str | None
    interface: str | None


class Input(TypedDict):
    goal: str
    constraints: NotRequired[str | list[str] | None]
    design_brief: NotRequired[str | None]
    components_inventory: NotRequired[list[str | Sketch] | None]


class Component(TypedDict):
    name: str
    purpose: str
    interface: str


class Output(TypedDict, total=False):
    design_doc: str
    components: list[Component]
    risks: list[str]
    notes: list[str]


def execute(input: Input) -> Output:
    answer: Output = ask_for(TASK, input, Input, Output, "design_doc", "components", "risks")
    return answer


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
