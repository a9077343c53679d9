"""The store: inboxes, states, journals, outboxes, agents' runs and leases, in one Valkey or Redis."""

from shell.store.connection import connect
from shell.store.decision import DeadEvent, Decision, Fenced, Loaded
from shell.store.leases import Lease
from shell.store.migrations import UnknownVersion
from shell.store.outbox import Taken
from shell.store.store import Store

__all__ = [
    "DeadEvent",
    "Decision",
    "Fenced",
    "Lease",
    "Loaded",
    "Store",
    "Taken",
    "UnknownVersion",
    "connect",
]
