"""The plan on the board is read as what it is: by the reader of kickoffs, task by task."""

from pathlib import Path
from typing import Any

import pytest

from compositions.rules import loaded
from tests.stages.stage_rules import FOLDER

KICKOFFS = Path(__file__).parents[1] / "fixtures" / "kickoffs"
HARD = [
    "Add login (after: lunch)",
    "``` fence",
    "- a: nested",
    "# Heading",
    "Then add a page",
    "scope: src/",
    "[x] ticked",
    "<!-- hidden --> shown",
    "<b>bold</b> `code` **strong**",
    "@bob fixes #3, see http://evil.test",
    "## Milestone: M9",
    "What is it?",
    "Thanks, everybody!",
    "/stop",
    "a" * 140,
]


def stage(name: str) -> Any:
    return loaded(FOLDER / f"{name}.py").execute


def lines_of(tasks: dict[str, Any]) -> str:
    """As they stand on the board of a plan that waits."""
    kickoff = {"number": 4, "status": "AwaitingApproval", "plan_hash": "0c1a", "plan": placed(tasks)}
    state = {"kickoffs": {"4": kickoff}, "tasks": {}}
    return str(stage("board/offer_edits")({"state": state, "policy": {}})["offers"]["4"]["plan_lines"])


def placed(tasks: dict[str, Any]) -> dict[str, Any]:
    return {name: {**task, "position": n} for n, (name, task) in enumerate(tasks.items(), 1)}


def read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = stage("kickoff/generate_dag")({"brief": text, "lenient": True})
    return found


def task(name: str, title: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": title, "status": "Pending", "depends_on": [], "agent_id": name, **more}


@pytest.mark.parametrize("file", sorted(KICKOFFS.rglob("*.md")), ids=lambda file: file.stem)
def test_the_plan_of_a_kickoff_reads_back(file: Path) -> None:
    tasks = read(file.read_text(encoding="utf-8"))["dag"]["tasks"]
    lines = lines_of(tasks) if tasks else ""
    if not lines:
        pytest.skip("it has no plan, or one that a board has no room for")
    again = read(lines)["dag"]["tasks"]
    assert list(again) == list(tasks)
    for name, one in tasks.items():
        assert again[name]["depends_on"] == one["depends_on"]
        assert again[name].get("milestone") == one.get("milestone")


@pytest.mark.parametrize("title", HARD)
def test_a_title_that_reads_as_something_else_is_one_line_and_one_task(title: str) -> None:
    tasks = {"a": task("a", title, acceptance=[title]), "b": task("b", "The last", depends_on=["a"])}
    lines = lines_of(tasks)
    assert len(lines.split("\n")) == 3
    again = read(lines)
    assert not again.get("errors") and list(again["dag"]["tasks"]) == ["a", "b"]
    assert again["dag"]["tasks"]["b"]["depends_on"] == ["a"]


def test_a_plan_too_long_for_the_board_has_no_lines_there() -> None:
    tasks = {f"t{n}": task(f"t{n}", "A title of some length " * 5) for n in range(150)}
    assert lines_of(tasks) == "" and lines_of({"t1": tasks["t1"]})
