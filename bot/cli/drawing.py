"""Draws a sprint in plain text: its board, task below task, those that wait further to the right."""

from collections.abc import Mapping
from typing import Any

MARKS = {
    "Done": "✔",
    "Skipped": "–",
    "Cancelled": "–",
    "InProgress": "▶",
    "InReview": "◆",
    "Ready": "○",
    "Blocked": "✘",
    "Escalated": "!",
    "HumanAssigned": "☺",
}

Tasks = Mapping[str, Mapping[str, Any]]


def board(tasks: Tasks) -> list[str]:
    """One line a task: deeper in the graph is further to the right."""
    deep = depths(tasks)
    order = sorted(tasks, key=lambda task: (deep[task], list(tasks).index(task)))
    names = {task: "   " * deep[task] + f"{MARKS.get(tasks[task]['status'], '·')} {task}" for task in order}
    wide = max((len(name) for name in names.values()), default=0)
    return [f"{names[task].ljust(wide)}  {_about(tasks[task])}" for task in order]


def depths(tasks: Tasks) -> dict[str, int]:
    """How many tasks, one after the other, come before each."""
    found: dict[str, int] = {}

    def depth(task: str, above: tuple[str, ...] = ()) -> int:
        if task not in found:
            before = [one for one in tasks[task].get("depends_on", []) if one in tasks and one not in above]
            found[task] = 1 + max((depth(one, (*above, task)) for one in before), default=-1)
        return found[task]

    for task in tasks:
        depth(task)
    return found


def _about(task: Mapping[str, Any]) -> str:
    parts = [f"{task['status']:<10}", task.get("title", "")]
    if task.get("issue_number"):
        parts.append(f"#{task['issue_number']}")
    if task.get("pr_number"):
        parts.append(f"→ pull request #{task['pr_number']}")
    if task.get("depends_on"):
        parts.append(f"(after {', '.join(task['depends_on'])})")
    return " ".join(parts)
