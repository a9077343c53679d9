"""What a drain starts from and what it decides: the shapes that `load` returns and `commit` accepts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from shell.action import Action
from shell.event import Event
from shell.store.ledger import Draft
from shell.store.migrations import Json, Stored
from shell.store.sprints import Record

if TYPE_CHECKING:
    from stages.world import State


class Fenced(Exception):
    """Another process has taken over the lane; what this one decided must not be written."""


@dataclass(frozen=True)
class Loaded:
    """A lane's state as it was read; never changed in place, because it is cached and shared."""

    lane: str
    state: State
    version: int = 0
    turn: int = 0
    """Counts the commits, including those that leave the state unchanged."""
    seq: int = 0
    head: str = ""
    """Hash of the journal's last entry."""
    epoch: str = ""
    """Made with the lane's first commit; it differs in a store that was lost and restored."""
    stored: Stored | None = None
    """The state as it is stored, where that is an older form: the next commit keeps the new one."""
    raw: dict[str, str] = field(default_factory=dict, repr=False)
    parts: dict[str, Json] = field(default_factory=dict, repr=False)


class DeadEvent(TypedDict):
    """An event that could not be handled because of an internal error."""

    id: str
    event: Event
    reason: str


@dataclass
class Decision:
    """The outcome of one drain; it is committed completely or not at all."""

    state: State
    changed: dict[str, str | None] = field(default_factory=dict)
    """Changed fields of the state as text; None: removed."""
    entries: list[Draft] = field(default_factory=list)
    """New journal entries, in order."""
    actions: list[Action] = field(default_factory=list)
    keys: dict[str, None] = field(default_factory=dict)
    """Keys of events that count as handled from now on, in order."""
    consumed: list[Event] = field(default_factory=list)
    """The events at the head of the inbox that were handled, to be removed."""
    ended: dict[str, Record] = field(default_factory=dict)
    """Records of sprints that left the state, by id."""
    dead: list[DeadEvent] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    """Receipts of consumed events that were not handled, with the reason."""
