"""Ask the model for a design brief and an inventory of components, for `design_po` to check."""

from typing import NotRequired, TypedDict

from shell.structured_output import ask_for

NAME = "design_po_llm"
EFFECTS = ["Fallible", "Llm", "Network", "NonDeterministic"]

TASK = """You are the designer of a small software team. Write what the result must be like for those who
use it, and list the few components (five at most) that this needs. `design_brief`: one paragraph, bound to
the constraints. `components_inventory`: each with a name in PascalCase, its purpose in one sentence, and
its interface in a line. Keep what design_brief and components_inventory of the message say already."""


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
    goal: str
    constraints: str | list[str]
    design_brief: str
    components_inventory: list[Component]
    notes: list[str]


def execute(input: Input) -> Output:
    answer: Output = ask_for(TASK, input, Input, Output, "design_brief", "components_inventory")
    return {"goal": input["goal"], "constraints": input.get("constraints") or "", **answer}


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
