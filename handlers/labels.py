"""The labels: which ones persons set as commands, and which ones show a task's state."""

from dataclasses import dataclass
from typing import Any

from handlers.commands import COMMANDS


@dataclass(frozen=True)
class LabelCommand:
    """What a label means when a person sets it, and when it is removed (None: nothing)."""

    command: str
    positional: tuple[str, ...] = ()
    removed: str | None = None
    taken_off: bool = False
    """Removed by the bot once acted on."""

    @property
    def acts(self) -> bool:
        """Whether its command does; a label that does not act is not made, and removed with one line."""
        return COMMANDS[self.command].acts


@dataclass(frozen=True)
class Label:
    """A label as it is made on a forge."""

    name: str
    color: str
    description: str

    def as_dict(self) -> dict[str, str]:
        """The shape that the action `make_labels` takes."""
        return {"name": self.name, "color": self.color, "description": self.description}


TASK = "caloron:task"
CANCELLED = "caloron:sprint-cancelled"

LABEL_COMMANDS: dict[str, LabelCommand] = {
    "caloron:sprint": LabelCommand("plan"),
    "caloron:task": LabelCommand("add-task"),
    "caloron:hotfix": LabelCommand("hotfix", taken_off=True),
    "caloron:hold": LabelCommand("hold", removed="unhold"),
    "caloron:auto": LabelCommand("auto", ("on",)),
    "caloron:retry": LabelCommand("retry", taken_off=True),
    "caloron:review": LabelCommand("review", taken_off=True),
    "caloron:skip": LabelCommand("skip", taken_off=True),
}

STATUS_LABELS: dict[str, str | None] = {
    "Pending": None,
    "Ready": "caloron:assigned",
    "InProgress": "caloron:in-progress",
    "InReview": "caloron:review-pending",
    "Blocked": "caloron:blocked",
    "Escalated": "caloron:escalated",
    "HumanAssigned": "caloron:escalated",
    "Done": "caloron:done",
    "Skipped": "caloron:done",
    "Cancelled": CANCELLED,
}
"""The state label beside `caloron:task`, by status word."""

STATUS_LABELS_REFINED: dict[tuple[str, str], str] = {
    ("InProgress", "sent-back"): "caloron:changes-requested",
    ("InProgress", "stalled"): "caloron:stalled",
    ("InReview", "ready-to-merge"): "caloron:merge-ready",
}
"""The state label where more is known than the status word."""

LABELS: tuple[Label, ...] = (
    Label(TASK, "0366d6", "A task of a sprint, kept by Caloron"),
    Label("caloron:assigned", "bfdadc", "Ready: waits for its agent to start"),
    Label("caloron:in-progress", "fbca04", "An agent is working on it"),
    Label("caloron:blocked", "b60205", "Cannot go on; /why says what it waits for"),
    Label("caloron:review-pending", "5319e7", "A pull request is open and waits for its review"),
    Label("caloron:changes-requested", "e99695", "The review asked for changes; the agent is on it"),
    Label("caloron:merge-ready", "0e8a16", "Approved and green; waits for its turn or for /merge"),
    Label("caloron:done", "006b75", "Finished"),
    Label("caloron:escalated", "d93f0b", "Needs a person"),
    Label("caloron:stalled", "f9d0c4", "The agent shows no sign of life; it is being looked after"),
    Label(CANCELLED, "cfd3d7", "Cancelled; the branch and the pull request are kept"),
    Label("caloron:sprint", "1d76db", "Set it to plan a sprint from this issue (same as /plan)"),
    Label("caloron:hotfix", "ee0701", "Set it to fix this one issue now (same as /hotfix)"),
    Label("caloron:hold", "fef2c0", "No merge while it is set (same as /hold; off: /unhold)"),
    Label("caloron:auto", "c5def5", "Gates pass by themselves (same as /auto on)"),
    Label("caloron:retry", "c2e0c6", "Set it for a new attempt now (same as /retry)"),
    Label("caloron:review", "d4c5f9", "Set it to ask the reviewers again (same as /review)"),
    Label("caloron:skip", "ededed", "Set it to leave this task out (same as /skip)"),
)

STATE_LABELS: frozenset[str] = frozenset(
    label.name for label in LABELS if label.name == TASK or label.name not in LABEL_COMMANDS
)
"""The labels that the bot keeps true by itself."""

OFFERED_LABELS: tuple[Label, ...] = tuple(
    label for label in LABELS if label.name in STATE_LABELS or LABEL_COMMANDS[label.name].acts
)
"""The labels made in a repository: those that show a state, and those whose command acts."""


def command_for(label: str, *, set_now: bool) -> dict[str, Any] | None:
    """The command that setting (or removing) a label is; None where a label is no command."""
    meaning = LABEL_COMMANDS.get(label)
    name = meaning and (meaning.command if set_now else meaning.removed)
    if not meaning or not name:
        return None
    positional = list(meaning.positional) if set_now else []
    return {"name": name, "positional": positional, "flags": {}, "line": label}
