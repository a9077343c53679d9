"""Split a goal into components, and write down their design and its risks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Json

NAME = "architect_po"

MOST = 5
NAMED = re.compile(r"(?<![.!?:\n] )(?<!^)\b([A-Z][A-Za-z0-9]+)\b", re.M)
THINGS = re.compile(r"\ban?\s+((?:[a-z][a-z0-9-]*\s?){1,3})")
ENDS = re.compile(
    r"\s*\b(?:that|which|who|and|or|with|without|for|of|in|on|to|from|by|at|as|so|is|are|must|should"
    r"|using|where|when|over|into|like)\b.*",
    re.S,
)
VAGUE = {"way", "bit", "lot", "user", "users", "new", "same", "project", "goal", "thing", "existing"}


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


class Component(TypedDict):
    name: str
    purpose: str
    interface: str


class Output(TypedDict):
    design_doc: str
    components: list[Component]
    risks: list[str]
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    """With `answered`, the model's, that is the design if it holds; else the rules' with a note."""
    goal = (input.get("goal") or "").strip()
    if not goal:
        raise ValueError("architect_po: 'goal' must be a non-empty text")
    answered, notes = input.get("answered"), list(input.get("notes") or [])
    output = None
    if answered is not None:
        try:
            output = design_of(answered, input.get("components_inventory") or [])
        except ValueError as fault:
            notes.append(f"Designed by rules instead of the model: {fault}")
    output = output or by_rules(input, goal)
    return {**output, "notes": notes} if notes else output


def by_rules(input: Input, goal: str) -> Output:
    inventory = input.get("components_inventory") or []
    found = [component_of(item, goal) for item in inventory or names_in(goal) or ["Core"]]
    constraints = points(input.get("constraints"))
    components = found if inventory else found[:MOST]
    brief = (input.get("design_brief") or "").strip()
    return {
        "design_doc": design_doc(goal, constraints, brief, components),
        "components": components,
        "risks": risks(goal, constraints, found, components),
    }


def design_of(answered: Json, inventory: list[str | Sketch]) -> Output:
    """The model's design, if people can work by it."""
    document = answer_field(answered, "design_doc", str)
    components: list[Component] = [
        {
            "name": answer_field(one, "name", str),
            "purpose": answer_field(one, "purpose", str),
            "interface": answer_field(one, "interface", str),
        }
        for one in answer_field(answered, "components", list)
    ]
    names = [one["name"] for one in components]
    if len(set(names)) < len(names):
        raise ValueError("the model's answer has two components of one name")
    if len(names) > max(MOST, len(inventory)):
        raise ValueError(f"the model's answer has {len(names)} components, more than {MOST}")
    risks = answered.get("risks")
    listed = risks if isinstance(risks, list) else []
    return {"design_doc": document, "components": components, "risks": [str(risk) for risk in listed]}


def answer_field(answered: Json, field: str, kind: type) -> Json:
    """What the model said there; where there is nothing, ValueError says why."""
    fields = answered if isinstance(answered, dict) else {}
    if isinstance(why := fields.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = fields.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


def names_in(goal: str) -> list[str]:
    """Names written large inside a sentence, else the things that follow an article."""
    large = NAMED.findall(goal)
    things = [pascal(ENDS.sub("", phrase)) for phrase in THINGS.findall(goal)]
    names = large or [name for name in things if name and name.lower() not in VAGUE]
    return list(dict.fromkeys(names))


def pascal(phrase: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", phrase))


def component_of(item: str | Sketch, goal: str) -> Component:
    if isinstance(item, dict):
        name = str(item.get("name") or "Core")
        return {
            "name": name,
            "purpose": str(item.get("purpose") or purpose(name, goal)),
            "interface": str(item.get("interface") or interface(name)),
        }
    return {"name": str(item), "purpose": purpose(str(item), goal), "interface": interface(str(item))}


def purpose(name: str, goal: str) -> str:
    return f"What {name} does for: {headline(goal)}"


def interface(name: str) -> str:
    return f"A small public interface of {name}, documented where it is declared."


def headline(goal: str) -> str:
    first = goal.split("\n")[0]
    return first if len(first) <= 80 else first[:79].rsplit(" ", 1)[0] + "…"


def points(constraints: str | list[str] | None) -> list[str]:
    lines = constraints if isinstance(constraints, list) else str(constraints or "").split("\n")
    return [str(line).strip().removeprefix("- ") for line in lines if str(line).strip()]


def design_doc(goal: str, constraints: list[str], brief: str, components: list[Component]) -> str:
    parts = [f"# Design: {headline(goal)}", "## Goal", goal]
    if brief:
        parts += ["## Brief", brief]
    if constraints:
        parts += ["## Constraints", "\n".join(f"- {point}" for point in constraints)]
    listed = [f"- **{one['name']}**: {one['purpose']}\n  {one['interface']}" for one in components]
    return "\n\n".join([*parts, "## Components", "\n".join(listed)]) + "\n"


def risks(
    goal: str, constraints: list[str], found: list[Component], components: list[Component]
) -> list[str]:
    warnings = []
    text = " ".join([goal, *constraints]).lower()
    if len(components) == 1:
        warnings.append("All the work is in one component, so nothing can be done in parallel")
    if len(found) > len(components):
        left = ", ".join(one["name"] for one in found[len(components) :])
        warnings.append(f"Left for a later plan, because one plan takes {MOST} components: {left}")
    if re.search(r"\b(?:auth\w*|log-?in|password)", text) and "security" not in text:
        warnings.append("The goal touches authentication, but nothing is said about security")
    return warnings


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
