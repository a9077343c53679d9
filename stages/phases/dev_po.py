"""Make two tasks of every component: write it, then test it."""

import re
from typing import Any, NotRequired, TypedDict

NAME = "dev_po"


class Input(TypedDict):
    components: list[Any]
    design_doc: NotRequired[str | None]
    risks: NotRequired[list[Any] | None]
    framework: NotRequired[str | None]


class Task(TypedDict):
    id: str
    title: str
    depends_on: list[str]
    agent_prompt: str
    framework: str
    component: str


class Output(TypedDict):
    design_doc: str
    components: list[Any]
    risks: list[Any]
    tasks: list[Task]


def execute(input: Input) -> Output:
    components = input.get("components") or []
    if not components:
        raise ValueError("dev_po: 'components' must be a non-empty list")
    framework = input.get("framework") or "claude-code"
    slugs = slugs_of([checked(component) for component in components])
    pairs = [pair(one, slug, framework) for one, slug in zip(components, slugs, strict=True)]
    return {
        "design_doc": input.get("design_doc") or "",
        "components": components,
        "risks": input.get("risks") or [],
        "tasks": [task for two in pairs for task in two],
    }


def checked(component: Any) -> str:
    """The component's name; one without name, purpose or interface cannot be worked on."""
    for field in ("name", "purpose", "interface"):
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


def pair(component: dict[str, str], slug: str, framework: str) -> list[Task]:
    name = component["name"]
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
            "agent_prompt": f"Write tests that hold the component {name} to its interface.\n{about}",
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
    except Exception as error:
        sys.exit(str(error))
