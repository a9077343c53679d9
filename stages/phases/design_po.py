"""Start the phases of a plan: the goal, its constraints, and the design so far."""

from typing import Any, NotRequired, TypedDict

NAME = "design_po"


class Input(TypedDict):
    goal: str
    constraints: NotRequired[Any]
    design_brief: NotRequired[str | None]
    components_inventory: NotRequired[list[Any] | None]
    answered: NotRequired[Any]
    notes: NotRequired[list[str] | None]


class Output(TypedDict):
    goal: str
    constraints: Any
    design_brief: str
    components_inventory: list[Any]
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    """With `answered`, the model's, that takes the place of what is not there yet; a fault of it is noted."""
    if not (input.get("goal") or "").strip():
        raise ValueError("design_po: 'goal' must be a non-empty text")
    answered, notes = input.get("answered"), list(input.get("notes") or [])
    brief, inventory = "", []
    if answered is not None:
        try:
            brief, inventory = said(answered, "design_brief", str), inventory_of(answered)
        except ValueError as fault:
            notes.append(f"The design was left to the architect: {fault}")
    output: Output = {
        "goal": input["goal"],
        "constraints": input.get("constraints") or "",
        "design_brief": input.get("design_brief") or brief,
        "components_inventory": input.get("components_inventory") or inventory,
    }
    return {**output, "notes": notes} if notes else output


def inventory_of(answered: Any) -> list[Any]:
    fields = ("name", "purpose", "interface")
    components = said(answered, "components_inventory", list)
    return [{field: said(one, field, str) for field in fields} for one in components]


def said(answered: Any, field: str, kind: type) -> Any:
    """What the model said there; where there is nothing, ValueError says why."""
    told = answered if isinstance(answered, dict) else {}
    if isinstance(why := told.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = told.get(field)
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
