"""Whether the bot is ready to work, and if not, why."""

import re
from typing import Any, Protocol

from shell import restarts
from shell.disk import Reserve
from shell.errors import Unavailable
from shell.queue import QUEUES
from shell.settings import Settings

PROCESSES = ("web", *QUEUES, "clock")
_NUMBER = re.compile(r"(-\d+|:.*)$")
"""What follows the kind in a process's name: its number, or machine and process."""
HEARTBEAT_S = 20.0
"""A process counts as dead after this long without a heartbeat; they send one every few seconds."""
OLDEST_S = {
    "events": 30.0,
    "events-urgent": 30.0,
    "actions": 60.0,
    "actions-urgent": 60.0,
    "inboxes": 60.0,
    "outboxes": 120.0,
}
"""How old the oldest job of a queue, event of an inbox, and overdue action may be.

Agent runs may wait for a free worker without limit.
"""
_BOXES = {"inboxes": "an event in an inbox", "outboxes": "an action in an outbox"}


class HealthStore(Protocol):
    def health(self) -> dict[str, Any]: ...


def not_ready(store: HealthStore) -> list[str]:
    """Every reason why the bot is not ready; empty if it is."""
    try:
        return reasons(store.health())
    except Unavailable:
        return ["the store does not answer"]


def in_trouble(settings: Settings) -> list[str]:
    """What is wrong with the machine and the store does not know: full disks, processes that keep dying."""
    reserve = Reserve.of(settings.home, settings.disk_reserve_mb)
    return [*filter(None, [reserve.shortage()]), *restarts.reasons(settings.home)]


def reasons(health: dict[str, Any]) -> list[str]:
    """The reasons found in the store's health report."""
    store = [] if health.get("ok") else ["the store is unhealthy"]
    refused = _walls(health, ("refused",))
    return store + refused + _dead(health.get("processes", {})) + _overdue(health.get("queue_age_s", {}))


def notes(store: HealthStore, states: tuple[str, ...] = ("off", "bare", "recorded")) -> list[str]:
    """What an operator should know though the bot works: agents that run without walls."""
    try:
        return _walls(store.health(), states)
    except Unavailable:
        return []


def _walls(health: dict[str, Any], states: tuple[str, ...]) -> list[str]:
    """What the workers of agents say of their walls, each sentence once."""
    walls = health.get("walls", {}).values()
    return list(dict.fromkeys(one["words"] for one in walls if one["state"] in states))


def _dead(ages: dict[str, float]) -> list[str]:
    youngest: dict[str, float] = {}
    for name, age in ages.items():
        kind = _NUMBER.sub("", name)
        youngest[kind] = min(age, youngest.get(kind, age))
    return [
        _no_heartbeat(kind, youngest.get(kind))
        for kind in PROCESSES
        if youngest.get(kind, HEARTBEAT_S) >= HEARTBEAT_S
    ]


def _no_heartbeat(kind: str, age: float | None) -> str:
    if age is None:
        return f"process {kind} has not sent a heartbeat yet"
    return f"process {kind} has sent no heartbeat for {age:.0f} s"


def _overdue(ages: dict[str, float | None]) -> list[str]:
    late = {name: age for name, limit in OLDEST_S.items() if (age := ages.get(name) or 0.0) > limit}
    return [f"{_BOXES.get(name, f'queue {name}')} has waited for {age:.0f} s" for name, age in late.items()]
