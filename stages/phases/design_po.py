"""Start the phases of a plan: the goal, its constraints, and the design so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Json

NAME = "design_po"


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
    answered: NotRequired[Json]  # the model's answer, checked before it is used
    notes: NotRequired[list[str] | None]


class Output(TypedDict):
    goal: str
    constraints: str | list[str]
    design_brief: str
    components_inventory: list[str | Sketch]
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    """With `answered`, the model's, that takes the place of what is not there yet; a fault of it is noted."""
    if not (input.get("goal") or "").strip():
        raise ValueError("design_po: 'goal' must be a non-empty text")
    answered, notes = input.get("answered"), list(input.get("notes") or [])
    brief: str = ""
    inventory: list[str | Sketch] = []
    if answered is not None:
        try:
            brief, inventory = answer_field(answered, "design_brief", str), inventory_of(answered)
        except ValueError as fault:
            notes.append(f"The design was left to the architect: {fault}")
    output: Output = {
        "goal": input["goal"],
        "constraints": input.get("constraints") or "",
        "design_brief": input.get("design_brief") or brief,
        "components_inventory": input.get("components_inventory") or inventory,
    }
    return {**output, "notes": notes} if notes else output


def inventory_of(answered: Json) -> list[str | Sketch]:
    components = answer_field(answered, "components_inventory", list)
    return [
        {
            "name": answer_field(one, "name", str),
            "purpose": answer_field(one, "purpose", str),
            "interface": answer_field(one, "interface", str),
        }
        for one in components
    ]


def answer_field(answered: Json, field: str, kind: type) -> Json:
    """What the model said there; where there is nothing, ValueError says why."""
    fields = answered if isinstance(answered, dict) else {}
    if isinstance(why := fields.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = fields.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


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
