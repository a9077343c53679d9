"""Open the phases of a plan: the goal, its constraints, and what design work there is already."""

from typing import Any, NotRequired, TypedDict

NAME = "design_po"


class Input(TypedDict):
    goal: str
    constraints: NotRequired[Any]
    design_brief: NotRequired[str | None]
    components_inventory: NotRequired[list[Any] | None]


class Output(TypedDict):
    goal: str
    constraints: Any
    design_brief: str
    components_inventory: list[Any]


def execute(input: Input) -> Output:
    if not (input.get("goal") or "").strip():
        raise ValueError("design_po: 'goal' must be a non-empty text")
    return {
        "goal": input["goal"],
        "constraints": input.get("constraints") or "",
        "design_brief": input.get("design_brief") or "",
        "components_inventory": input.get("components_inventory") or [],
    }


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
