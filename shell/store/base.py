"""What all parts of the store stand on: the client, and transactions that may ring."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from shell.queue import JobQueues
from shell.store import keys
from shell.store.connection import reachable
from shell.store.transaction import Transaction, absent, differs

_T = TypeVar("_T")

_RUNG_MS = 4000
"""How long a ring keeps others away; should its job be lost, the sweep rings after that."""

_NEXT_DUE = """
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[1] then redis.call('ZADD', KEYS[2], first[2], ARGV[1]) else redis.call('ZREM', KEYS[2], ARGV[1]) end
"""


class Base:
    """The client and what every part does with it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.queues = JobQueues(client)

    def _transact(
        self, build: Callable[[Any], _T], rings: list[tuple[str, str]], watch: tuple[str, ...] = ()
    ) -> _T:
        """A transaction: `build` reads, calls `multi()` and writes; each (queue, lane) is rung once with it.

        Where a ring still waits, none is added; should it be answered just now, all is done anew.
        """

        def whole(pipe: Any) -> _T:
            silent = [ring for ring in rings if not pipe.exists(keys.wake_up(*ring))]
            value = build(pipe)
            if not pipe.explicit_transaction:
                pipe.multi()
            for queue, lane in silent:
                pipe.set(keys.wake_up(queue, lane), 1, px=_RUNG_MS)
                self.queues.enqueue(pipe, queue, lane)
            return value

        flags = (keys.wake_up(*ring) for ring in rings)
        result: _T = self.client.transaction(whole, *watch, *flags, value_from_callable=True)
        return result

    def _enqueue_in(self, whole: Transaction, queue: str, lane: str, first: bool = False) -> None:
        """Ring with all the rest, unless a ring waits already; `first`: before the other lanes."""
        flag = keys.wake_up(queue, lane, first)
        pipe = whole.block(absent(flag))
        pipe.set(flag, 1, px=_RUNG_MS)
        self.queues.enqueue(pipe, queue, lane, first)

    def _note_next_due(self, pipe: Any, lane: str) -> None:
        pipe.eval(_NEXT_DUE, 2, keys.outbox_due(lane), keys.DUE, lane)

    def enqueue(self, queue: str, lane: str) -> None:
        """Ring for a lane, unless a ring waits already."""
        self._transact(lambda pipe: None, [(queue, lane)])

    @reachable
    def has_waiting(self, queue: str) -> bool:
        """Whether rings wait in the queue, so that a long turn should end."""
        return self.queues.has_waiting(queue)

    def clear_wake_up(self, queue: str, lane: str) -> None:
        """A job begins: from here on, a new ring is needed for what comes."""
        self.client.delete(keys.wake_up(queue, lane))

    def _tell_name(self, whole: Transaction, lane: str, about: Mapping[str, Any]) -> None:
        """By what name a lane goes now; a lane that surely had the name before is to look anew."""
        whole.block().hset(keys.lane_about(lane), mapping=dict(about))
        field = keys.name_of(lane, about["repo"])
        whole.block(differs(keys.NAMES, field, lane)).hdel(keys.NAMES, field)
