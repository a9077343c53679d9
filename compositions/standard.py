"""The graph that a command's stage has where none is written: its step, then its answers' form and number."""

from typing import Any

PREFIX = "command_"
REPLY, LIMIT = "command_reply", "gather_answers"


def has_standard_graph(stage: str) -> bool:
    """Whether a stage answers a command, so that nothing need be written to run it."""
    return stage.startswith(PREFIX) and stage != REPLY


def standard_graph(stage: str, description: str) -> dict[str, Any]:
    """As it would be written in a file."""
    body = {"op": "Stage", "id": "take_step"}
    step = {"op": "Let", "bindings": {"step": {"op": "Stage", "id": stage}}, "body": body}
    root = {"op": "Sequential", "stages": [step, {"op": "Stage", "id": REPLY}, {"op": "Stage", "id": LIMIT}]}
    return {"description": description.rstrip("."), "version": "0.1.0", "root": root}
