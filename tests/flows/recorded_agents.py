"""What the recorded agents of the scenarios do, by the id of their task."""

import json
from pathlib import Path
from typing import Any

WISH = "Please show two decimals."
WISH_INLINE = "Here too, I think."

_FEEDBACK = (
    'CALORON_FEEDBACK_START {"task_clarity": 8, "blockers": [], "tools_used": ["editor"], '
    '"self_assessment": "completed", "notes": "Clear."} CALORON_FEEDBACK_END'
)


def write_recording(file: Path) -> Path:
    """The recording of all scenarios in one file."""
    file.write_text(json.dumps({"responses": responses()}))
    return file


def responses() -> list[dict[str, Any]]:
    """The first that fits the prompt is what the agent does; a task that nobody recorded fails its run."""
    return [
        *[told for task in "abcdefgh" for told in diligent(task)],
        {"match": r"(?m)^Task: noisy$", "output": "thinking about it\n" * 2000},
        {"match": r"(?m)^Task: stray$", "files": {"elsewhere/stray.txt": "out here\n"}, "output": _FEEDBACK},
        {
            "match": r"(?m)^Task: guarded$",
            "files": {".gitea/workflows/ci.yml": "on: push\n"},
            "output": _FEEDBACK,
        },
        {
            "match": rf"(?s)Task: wish\n.*Round: 2\n.*{WISH}.*wish\.txt:1: {WISH_INLINE}",
            "files": {"wish.txt": "4.50\n"},
            "output": _FEEDBACK,
        },
        {"match": r"(?s)Task: wish\n(?!Round)", "files": {"wish.txt": "4.5\n"}, "output": _FEEDBACK},
        *[told for task in ("left", "right") for told in contentious(task)],
    ]


def diligent(task: str) -> list[dict[str, Any]]:
    """A file of its own each round."""
    return [
        {
            "match": rf"(?s)Task: {task}\n.*Round: {n}\n",
            "files": {f"{task}.txt": f"round {n}\n"},
            "output": _FEEDBACK,
        }
        for n in (2, 3)
    ] + [{"match": rf"(?m)^Task: {task}$", "files": {f"{task}.txt": "round 1\n"}, "output": _FEEDBACK}]


def contentious(task: str) -> list[dict[str, Any]]:
    """Writes what the other writes too; on the next round, both."""
    return [
        {
            "match": rf"(?s)Task: {task}\n.*Round: 2\n",
            "files": {"shared.txt": "left and right\n"},
            "output": _FEEDBACK,
        },
        {"match": rf"(?m)^Task: {task}$", "files": {"shared.txt": f"{task}\n"}, "output": _FEEDBACK},
    ]
