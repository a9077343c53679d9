"""The sprints in a lane's state: which one runs, which are known, by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shell.store.migrations import Json

if TYPE_CHECKING:
    from stages.world import State

Record = Mapping[str, Json]
"""What is stored of a sprint: a kickoff, or the record of an ended sprint in the form of its version."""


def sprint_id_of(record: Record) -> str | None:
    """The id in a sprint's record."""
    found = record.get("sprint_id") or record.get("id")
    return found if isinstance(found, str) else None


def running_sprint(state: State) -> Record | None:
    """The record of the sprint that runs in this lane; None if none does."""
    number = state.get("running")
    kickoff = (state.get("kickoffs") or {}).get(str(number)) if number is not None else None
    record = kickoff or state.get("sprint")
    return record if isinstance(record, dict) and sprint_id_of(record) else None


def known_sprints(state: State) -> dict[str, Record]:
    """Every sprint of the state, by id."""
    stored: Json = state
    queue = stored.get("queue") or []
    records = [stored.get("sprint"), *(state.get("kickoffs") or {}).values(), *queue]
    named = ((sprint_id_of(record), record) for record in records if isinstance(record, dict))
    return {name: record for name, record in named if name}


def record_of(lane: str, state: State, record: Record) -> Record:
    """What is stored of a sprint that has left the state: its record and its tasks."""
    running = running_sprint(state)
    own = running is not None and sprint_id_of(running) == sprint_id_of(record)
    tasks = record.get("tasks") or (state.get("tasks") if own else None) or {}
    return {"lane": lane, "sprint": record, "tasks": tasks}
