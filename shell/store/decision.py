"""What a drain starts from and what it came to: the shapes that `load` gives and `commit` takes."""

from dataclasses import dataclass, field
from typing import Any, TypedDict

from shell.action import Action
from shell.event import Event
from shell.store.fields import State


class Fenced(Exception):
    """Someone else has taken the lane over meanwhile; whatever this one decided is void."""


@dataclass(frozen=True)
class Loaded:
    """A lane's state as it was read; never changed in place, for it is kept and given out again."""

    lane: str
    state: State
    version: int = 0
    turn: int = 0
    """Counts the commits, also those that leave the state as it is."""
    seq: int = 0
    head: str = ""
    """Hash of the journal's last entry."""
    epoch: str = ""
    """Made with the lane's first commit: a store that was lost and filled anew is another one."""
    raw: dict[str, str] = field(default_factory=dict, repr=False)
    parts: dict[str, Any] = field(default_factory=dict, repr=False)


class DeadEvent(TypedDict):
    """An event that our own mistake kept from being handled."""

    id: str
    event: Event
    reason: str


@dataclass
class Decision:
    """All that one drain came to; it is kept as a whole or not at all."""

    state: State
    changed: dict[str, str | None] = field(default_factory=dict)
    """Fields of the state as text; None: gone."""
    entries: list[dict[str, Any]] = field(default_factory=list)
    """For the journal, in order."""
    actions: list[Action] = field(default_factory=list)
    keys: dict[str, None] = field(default_factory=dict)
    """Keys of events that are known from now on, in order."""
    consumed: list[Event] = field(default_factory=list)
    """The first entries of the inbox, which leave it."""
    left: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Records of sprints that left the state."""
    dead: list[DeadEvent] = field(default_factory=list)
