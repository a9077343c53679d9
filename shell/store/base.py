"""What all parts of the store build on: the client, its transactions, and waking up workers."""

from collections.abc import Mapping
from typing import Any

from shell.queue import JobQueues, urgent
from shell.store import keys
from shell.store.connection import reachable
from shell.store.transaction import SCRIPT, Transaction, absent, differs

_WAKE_UP_MS = 4000
"""How long a wake-up stands for those that follow; should its job be lost, the sweep enqueues another."""


class Base:
    """The client and what every part does with it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.queues = JobQueues(client)
        self._script = client.register_script(SCRIPT)

    def _transaction(self) -> Transaction:
        return Transaction(self.client, self._script)

    def _enqueue_in(self, tx: Transaction, queue: str, lane: str, first: bool = False) -> None:
        """Within a transaction: wake up a worker, unless a wake-up waits already; `first`: an urgent one."""
        flag = keys.wake_up(queue, lane, first)
        pipe = tx.block(absent(flag))
        pipe.set(flag, 1, px=_WAKE_UP_MS)
        self.queues.enqueue(pipe, urgent(queue) if first else queue, lane)

    @reachable
    def enqueue(self, queue: str, lane: str, first: bool = False) -> None:
        """Wake up a worker for a lane, unless a wake-up waits already; `first`: an urgent one."""
        tx = self._transaction()
        self._enqueue_in(tx, queue, lane, first)
        tx.run()

    @reachable
    def has_waiting(self, queue: str) -> bool:
        """Whether jobs wait in the queue, so that a long turn should end."""
        return self.queues.has_waiting(queue)

    def clear_wake_up(self, queue: str, lane: str) -> None:
        """A job begins: what comes from here on needs another wake-up."""
        self.client.delete(keys.wake_up(queue, lane), keys.wake_up(queue, lane, urgent=True))

    def _note_next_due(self, tx: Transaction, lane: str) -> None:
        tx.note_next_due(keys.outbox_due(lane), keys.DUE, lane)

    def _tell_name(self, tx: Transaction, lane: str, about: Mapping[str, Any]) -> None:
        """Keep a lane's current name; a lane that had the name before has to check it again."""
        tx.block().hset(keys.lane_about(lane), mapping=dict(about))
        field = keys.name_of(lane, about["repo"])
        tx.block(differs(keys.NAMES, field, lane)).hdel(keys.NAMES, field)
