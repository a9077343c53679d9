"""The statuses of a task, each declared once: its label, colour, sign and words.

To add one, add its word and its row here. Stages get the rows as `policy.statuses`; the repository's labels
and the documentation are made of them.
"""

from typing import Literal, NotRequired, TypedDict

TaskStatus = Literal[
    "Pending",
    "Ready",
    "InProgress",
    "InReview",
    "Done",
    "Blocked",
    "Escalated",
    "HumanAssigned",
    "Cancelled",
    "Skipped",
]
"""Where a task is in its life."""


class StatusLook(TypedDict):
    """How a task's status is shown. Written in `stages/statuses.py`."""

    label: str
    """The label on the task's issue."""
    refined: NotRequired[dict[str, str]]
    """The label where more is known, by what is known: `probed`, `sent_back`, `mergeable`."""
    sign: str
    """The emoji before the task's title on the board."""
    mark: str
    """The sign before it in a terminal."""
    mark_style: NotRequired[str]
    """That sign's colour."""
    colour: str
    """The style of its box in the board's graph."""
    words: NotRequired[str]
    """What the board says of a task that waits for nothing."""


def _style(fill: str, stroke: str, text: str) -> str:
    return f"fill:#{fill},stroke:#{stroke},color:#{text}"


_GREY, _ORANGE = _style("f6f8fa", "d0d7de", "6e7781"), _style("fff1e5", "bc4c00", "702c00")

STATUSES: dict[TaskStatus, StatusLook] = {
    "Pending": {
        "label": "caloron:assigned",
        "sign": "⏳",
        "mark": "·",
        "colour": _style("eaeef2", "8c959f", "24292f"),
    },
    "Ready": {
        "label": "caloron:assigned",
        "sign": "🔵",
        "mark": "○",
        "colour": _style("ddf4ff", "0969da", "0a3069"),
    },
    "InProgress": {
        "label": "caloron:in-progress",
        "refined": {"probed": "caloron:stalled", "sent_back": "caloron:changes-requested"},
        "sign": "🛠️",
        "mark": "▶",
        "mark_style": "cyan",
        "colour": _style("fff8c5", "bf8700", "4d2d00"),
    },
    "InReview": {
        "label": "caloron:review-pending",
        "refined": {"mergeable": "caloron:merge-ready"},
        "sign": "👀",
        "mark": "◆",
        "mark_style": "blue",
        "colour": _style("fbefff", "8250df", "3e1f79"),
    },
    "Done": {
        "label": "caloron:done",
        "sign": "✅",
        "mark": "✔",
        "mark_style": "green",
        "colour": _style("dafbe1", "1a7f37", "044f1e"),
        "words": "merged",
    },
    "Blocked": {
        "label": "caloron:blocked",
        "sign": "⛔",
        "mark": "✘",
        "mark_style": "red",
        "colour": _style("ffebe9", "cf222e", "82071e"),
    },
    "Escalated": {
        "label": "caloron:escalated",
        "sign": "🆘",
        "mark": "!",
        "mark_style": "red",
        "colour": _ORANGE,
    },
    "HumanAssigned": {
        "label": "caloron:escalated",
        "sign": "🧑",
        "mark": "☺",
        "mark_style": "yellow",
        "colour": _ORANGE,
    },
    "Cancelled": {
        "label": "caloron:sprint-cancelled",
        "sign": "🚫",
        "mark": "–",
        "mark_style": "dim",
        "colour": _GREY,
        "words": "cancelled",
    },
    "Skipped": {
        "label": "caloron:done",
        "sign": "⏭️",
        "mark": "–",
        "mark_style": "dim",
        "colour": _GREY,
        "words": "skipped",
    },
}

STATE_LABELS: dict[str, tuple[str, str]] = {
    "caloron:assigned": ("bfdadc", "Waiting for its turn or a free agent"),
    "caloron:in-progress": ("fbca04", "An agent is working on it"),
    "caloron:stalled": ("f9d0c4", "The agent shows no sign of life; the bot is on it"),
    "caloron:changes-requested": ("e99695", "A review asked for changes; the agent is on it"),
    "caloron:review-pending": ("5319e7", "The pull request is waiting for a review"),
    "caloron:merge-ready": ("0e8a16", "Approved and green; waiting for its turn or for /merge"),
    "caloron:blocked": ("b60205", "Cannot continue; /why says what it waits for"),
    "caloron:escalated": ("d93f0b", "Needs a person"),
    "caloron:done": ("006b75", "Finished"),
    "caloron:sprint-cancelled": ("cfd3d7", "Cancelled; the branch and the pull request are kept"),
}
"""The labels that show a status: their colour on the forge, and their description."""
