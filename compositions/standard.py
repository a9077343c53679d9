"""The graph that a command's stage has where none is written: its step, then the form of its answers."""

from typing import Any

PREFIX = "command_"
REPLY = "command_reply"


def has_standard_graph(stage: str) -> bool:
    """Whether a stage answers a command, so that nothing need be written to run it."""
    return stage.startswith(PREFIX) and stage != REPLY


def standard_graph(stage: str, description: str) -> dict[str, Any]:
    """As it would be written in a file."""
    body = {"op": "Stage", "id": "take_step"}
    step = {"op": "Let", "bindings": {"step": {"op": "Stage", "id": stage}}, "body": body}
    root = {"op": "Sequential", "stages": [step, {"op": "Stage", "id": REPLY}]}
    return {"description": description.rstrip("."), "version": "0.1.0", "root": root}
