"""The sprints in a lane's state: which one runs, which are known, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Kickoff, State, Task


class Record(TypedDict):
    """What is stored of a sprint that has left its lane's state."""

    lane: str
    sprint: Kickoff
    tasks: dict[str, Task]
    """Its tasks as they ended."""


def running_sprint(state: State) -> Kickoff | None:
    """The sprint that runs in this lane; None if none does."""
    return (state.get("kickoffs") or {}).get(str(state.get("running")))


def known_sprints(state: State) -> dict[str, Kickoff]:
    """Every sprint of the state, by id."""
    return {kickoff["id"]: kickoff for kickoff in (state.get("kickoffs") or {}).values()}


def record_of(lane: str, state: State, kickoff: Kickoff) -> Record:
    """What is stored of a sprint that has left the state."""
    running = running_sprint(state)
    own = running is not None and running["id"] == kickoff["id"]
    return {"lane": lane, "sprint": kickoff, "tasks": kickoff.get("tasks") or (state["tasks"] if own else {})}
