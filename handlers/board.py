"""What an edit of the board asks for: boxes that somebody ticked, and another plan in its block."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handlers.arguments import CommandLine
from handlers.read import LONGEST, read_commands

if TYPE_CHECKING:
    from stages.world import PlanEdit

EDIT_PLAN = "edit-plan"
"""The command that a changed plan is: nobody can say it."""
EDIT_PLAN_COMPOSITION = "command_edit_plan"
SAME_RIGHT = "add-task"
"""Who may say this may change the plan on the board."""

BOXES = ("approve", "pause", "resume", "next", "retry")
"""The commands that boxes stand for."""
MOST_TICKED = 20

_FOLDED = "<details>"
_BLOCK = "<details><summary>Edit the plan</summary>"
_FENCE = re.compile(r"```\w+(?: ([0-9a-f]+))?\s*")
_TICKED = re.compile(r"- \[[xX]\] (.+)")
_BOX = re.compile(r".+ \(`(/[^`]+)`\)")
_TASK = re.compile(r"\*\* \(`([a-z0-9_-]{1,64})`")


@dataclass(frozen=True)
class Asked:
    """The commands that were ticked, and how the plan was changed."""

    commands: list[CommandLine]
    edit: PlanEdit | None


def asked_on_board(before: str, after: str, *, prefix_required: bool = False) -> Asked:
    """What the text now asks for that it did not before; only boxes that were there, unticked, count."""
    old, new = lines_of(before), lines_of(after)
    ticked = newly_ticked(old, new)[:MOST_TICKED]
    commands = [found for line in ticked for found in boxed_command(line, prefix_required)]
    return Asked(commands, changed_plan(old, new, ticked))


def lines_of(text: str) -> list[str]:
    """Browsers send their own line ends."""
    return text[:LONGEST].replace("\r\n", "\n").split("\n")


def newly_ticked(old: list[str], new: list[str]) -> list[str]:
    """What stands behind each box above the first fold that was empty before."""
    were = set(_above(old))
    found = [line[1] for one in _above(new) if (line := _TICKED.fullmatch(one.rstrip()))]
    return [line for line in dict.fromkeys(found) if f"- [ ] {line}" in were]


def _above(lines: list[str]) -> list[str]:
    at = next((n for n, line in enumerate(lines) if line.startswith(_FOLDED)), len(lines))
    return lines[:at]


def boxed_command(line: str, prefix_required: bool) -> list[CommandLine]:
    """The command that a box names."""
    box = _BOX.fullmatch(line)
    if box is None:
        return []
    read = read_commands(box[1], prefix_required=prefix_required)
    return [
        {**found, "line": f"ticked: {box[1]}"}
        for found in read
        if "error" not in found and found["name"] in BOXES
    ]


def changed_plan(old: list[str], new: list[str], ticked: list[str]) -> PlanEdit | None:
    """The plan before and now; None where it is the same, or none was there.

    Who edits an older board knows nothing of what came into the plan meanwhile; their lines lack that, too:
    their fence tells. Where they ticked a command, they mean that alone.
    """
    shown, wanted = plan_in(old), plan_in(new)
    if shown is None:
        return None
    version, before = shown
    of_which, after = wanted or (version, None)
    names = [task[1] for line in ticked if not _BOX.fullmatch(line) and (task := _TASK.search(line))]
    rows = [with_tick(row, names) for row in (before if after is None else after)]
    if [row.rstrip() for row in rows] == [row.rstrip() for row in before]:
        return None
    edit: PlanEdit = {"lines_before": "\n".join(before), "lines_after": "\n".join(rows)}
    if version == of_which:
        return edit
    return None if ticked and not names else {**edit, "outdated": True}


def plan_in(lines: list[str]) -> tuple[str | None, list[str]] | None:
    """What tells this plan from another, and its lines; None where there is none."""
    if _BLOCK not in lines:
        return None
    below = lines[lines.index(_BLOCK) + 1 :]
    opens = next((n for n, line in enumerate(below) if _FENCE.fullmatch(line)), None)
    if opens is None:
        return None
    inside = below[opens + 1 :]
    ends = next((n for n, line in enumerate(inside) if line.strip() == "```"), None)
    opening = _FENCE.fullmatch(below[opens])
    return None if ends is None else (opening[1] if opening else None, inside[:ends])


def with_tick(row: str, names: list[str]) -> str:
    """A row whose task was ticked, ticked."""
    ticked = any(row.startswith(f"- {name}:") for name in names)
    return f"- [x] {row[2:]}" if ticked else row
