"""Draws a sprint's board for the terminal: one line for each task, indented by its depth in the graph."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from stages.statuses import STATUSES

from .output import grid, plain_text, printable

PLANNED = "Planned"
"""Shown of a task whose plan is not approved yet: it has no status of its own."""

Tasks = Mapping[str, Mapping[str, Any]]


def board(tasks: Tasks) -> list[str]:
    """The board as plain lines."""
    return plain_text(board_table(tasks)).splitlines() if tasks else []


def board_table(tasks: Tasks) -> RenderableType:
    """The board: a task that depends on others stands below them, further to the right."""
    depth_of = depths(tasks)
    order = sorted(tasks, key=lambda name: (depth_of[name], list(tasks).index(name)))
    rows = [_row(name, tasks[name], depth_of[name]) for name in order]
    if not rows:
        return Text("")
    board = grid(*rows[0])
    for row in rows[1:]:
        board.add_row(*row)
    return board


def depths(tasks: Tasks) -> dict[str, int]:
    """The length of the longest chain of tasks that come before each."""
    found: dict[str, int] = {}

    def depth(task: str, above: tuple[str, ...] = ()) -> int:
        if task not in found:
            before = [one for one in tasks[task].get("depends_on", []) if one in tasks and one not in above]
            found[task] = 1 + max((depth(one, (*above, task)) for one in before), default=-1)
        return found[task]

    for task in tasks:
        depth(task)
    return found


def _row(name: str, task: Mapping[str, Any], depth: int) -> list[Text]:
    if task["status"] == PLANNED:
        mark, style = "·", ""
    else:
        look = STATUSES[task["status"]]
        mark, style = look["mark"], look.get("mark_style", "")
    parts = [task.get("title", "")]
    if task.get("issue_number"):
        parts.append(f"#{task['issue_number']}")
    if task.get("pr_number"):
        parts.append(f"→ pull request #{task['pr_number']}")
    if task.get("depends_on"):
        parts.append(f"(after {', '.join(task['depends_on'])})")
    name_cell = Text.assemble("   " * depth, (mark, style), f" {printable(name)}")
    return [name_cell, Text(task["status"], style=style), Text(printable(" ".join(parts)))]
