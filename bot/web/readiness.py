"""Whether the bot can do its work now, and if not, why, in words."""

from typing import Any, Protocol

from shell.errors import Unavailable

PROCESSES = ("web", "events", "actions", "agents", "clock")
BEAT_S = 20.0
"""A process is taken for dead when it has not told of itself for so long; they do every few seconds."""
OLDEST_S = {"events": 30.0, "actions": 60.0, "inboxes": 60.0, "outboxes": 120.0}
"""How old the oldest ring of a queue, event of an inbox, and overdue action may be.

Agent runs wait for a free worker as long as it takes.
"""
_BOXES = {"inboxes": "an event of an inbox", "outboxes": "an action of an outbox"}


class Healthy(Protocol):
    def health(self) -> dict[str, Any]: ...


def not_ready(store: Healthy) -> list[str]:
    """Every reason why the bot is not ready; none: it is."""
    try:
        return reasons(store.health())
    except Unavailable:
        return ["the store does not answer"]


def reasons(health: dict[str, Any]) -> list[str]:
    """The reasons in what the store tells."""
    store = [] if health.get("ok") else ["the store is not well"]
    return store + _dead(health.get("processes", {})) + _waiting(health.get("queue_age_s", {}))


def _dead(ages: dict[str, float]) -> list[str]:
    youngest: dict[str, float] = {}
    for name, age in ages.items():
        kind = name.split("-")[0].split(":")[0]
        youngest[kind] = min(age, youngest.get(kind, age))
    return [_silent(kind, youngest.get(kind)) for kind in PROCESSES if youngest.get(kind, BEAT_S) >= BEAT_S]


def _silent(kind: str, age: float | None) -> str:
    if age is None:
        return f"process {kind} has never shown itself"
    return f"process {kind} has been silent for {age:.0f} s"


def _waiting(ages: dict[str, float | None]) -> list[str]:
    late = {name: age for name, limit in OLDEST_S.items() if (age := ages.get(name) or 0.0) > limit}
    return [f"{_BOXES.get(name, f'queue {name}')} has waited for {age:.0f} s" for name, age in late.items()]
