"""Make two tasks of every component: write it, then test it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Json

NAME = "dev_po"

ID = re.compile(r"[a-z0-9_-]{1,57}")  # so that `review-` fits before it


FIELDS: tuple[Literal["name", "purpose", "interface"], ...] = ("name", "purpose", "interface")


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
    answered: NotRequired[Json]  # the model's answer, checked before it is used
    notes: NotRequired[list[str] | None]


class Task(TypedDict):
    id: str
    title: str
    depends_on: list[str]
    agent_prompt: str
    framework: str
    component: str


class Output(TypedDict):
    design_doc: str
    components: list[Sketch]
    risks: list[str]
    tasks: list[Task]
    notes: NotRequired[list[str] | None]


def execute(input: Input) -> Output:
    """With `answered`, the model's, these are the tasks if they hold; else the rules' with a note."""
    components = input.get("components") or []
    if not components:
        raise ValueError("dev_po: 'components' must be a non-empty list")
    framework = input.get("framework") or "claude-code"
    names = [checked(component) for component in components]
    answered, notes, tasks = input.get("answered"), list(input.get("notes") or []), None
    if answered is not None:
        try:
            tasks = tasks_of(answered, names, framework)
        except ValueError as fault:
            notes.append(f"Planned by rules instead of the model: {fault}")
    if tasks is None:
        pairs = zip(components, slugs_of(names), strict=True)
        tasks = [task for one, slug in pairs for task in pair(one, slug, framework)]
    output: Output = {
        "design_doc": input.get("design_doc") or "",
        "components": components,
        "risks": input.get("risks") or [],
        "tasks": tasks,
    }
    return {**output, "notes": notes} if notes else output


def tasks_of(answered: Json, components: list[str], framework: str) -> list[Task]:
    """The model's tasks, if each can be started some day and no component is left out."""
    tasks: dict[str, Task] = {}
    for one in answer_field(answered, "tasks", list):
        name, component = answer_field(one, "id", str), answer_field(one, "component", str)
        needs = one.get("depends_on") if isinstance(one.get("depends_on"), list) else []
        if not ID.fullmatch(name) or name in tasks:
            raise ValueError(
                f"the model's answer has the task id '{name}', which is not allowed or not unique"
            )
        if component not in components:
            raise ValueError(f"the model's answer has a task of '{component}', which is no component")
        if late := [need for need in map(str, needs) if need not in tasks]:
            raise ValueError(f"in the model's answer '{name}' waits for '{late[0]}', which is not above it")
        tasks[name] = {
            "id": name,
            "title": answer_field(one, "title", str),
            "depends_on": needs,
            "agent_prompt": answer_field(one, "agent_prompt", str),
            "framework": framework,
            "component": component,
        }
    if left := [name for name in components if name not in {task["component"] for task in tasks.values()}]:
        raise ValueError(f"the model's answer has no task for '{left[0]}'")
    return list(tasks.values())


def answer_field(answered: Json, field: str, kind: type) -> Json:
    """What the model said there; where there is nothing, ValueError says why."""
    fields = answered if isinstance(answered, dict) else {}
    if isinstance(why := fields.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = fields.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


def checked(component: Sketch) -> str:
    """The component's name; one without name, purpose or interface cannot be worked on."""
    for field in FIELDS:
        if not isinstance(component, dict) or not str(component.get(field) or "").strip():
            raise ValueError(f"dev_po: every component needs a non-empty '{field}'")
    return str(component["name"])


def slugs_of(names: list[str]) -> list[str]:
    """Each name as part of an id; equal ones are numbered."""
    slugs: list[str] = []
    for name in names:
        parted = re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name).lower()
        slug = re.sub(r"[^a-z0-9]+", "-", parted).strip("-")[:50] or "component"
        same = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other) is not None for other in slugs)
        slugs.append(f"{slug}-{same + 1}" if same else slug)
    return slugs


def pair(component: Sketch, slug: str, framework: str) -> list[Task]:
    name = str(component["name"])
    about = f"Purpose: {component['purpose']}\nInterface: {component['interface']}"
    return [
        {
            "id": f"impl-{slug}",
            "title": f"Implement {name}",
            "depends_on": [],
            "agent_prompt": f"Implement the component {name} as the design says.\n{about}",
            "framework": framework,
            "component": name,
        },
        {
            "id": f"tests-{slug}",
            "title": f"Test {name}",
            "depends_on": [f"impl-{slug}"],
            "agent_prompt": f"Write tests that check the component {name} against its interface.\n{about}",
            "framework": framework,
            "component": name,
        },
    ]


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
