"""The labels made in a repository: those that show a task's status, and those whose command acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.labels import LABEL_COMMANDS, TASK
from stages.statuses import STATE_LABELS, STATUSES

if TYPE_CHECKING:
    from stages.world import DeclaredPolicy

Label = dict[str, str]
"""`{"name", "color", "description"}`, as the action `make_labels` takes it."""


def _label(name: str, color: str, description: str) -> Label:
    return {"name": name, "color": color, "description": description}


STATUS_LABELS: list[Label] = [
    _label(TASK, LABEL_COMMANDS[TASK].color, LABEL_COMMANDS[TASK].description),
    *(_label(name, *look) for name, look in STATE_LABELS.items()),
]
"""The labels that the bot keeps true by itself."""

OFFERED_LABELS: list[Label] = STATUS_LABELS + [
    _label(name, meaning.color, meaning.description)
    for name, meaning in LABEL_COMMANDS.items()
    if meaning.acts and name != TASK
]


def declared_policy() -> DeclaredPolicy:
    """What of these declarations the stages go by, as part of the policy."""
    return {"command_labels": sorted(LABEL_COMMANDS), "statuses": STATUSES}
