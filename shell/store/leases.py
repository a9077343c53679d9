"""Leases: one holder at a time, a token that only grows, and an end by itself if the holder dies."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shell.errors import Unavailable
from shell.store import keys
from shell.store.base import Base
from shell.store.connection import milliseconds, reachable

LEASE_S = 15.0

_TAKE = """
if KEYS[3] then redis.call('DEL', KEYS[3]) end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local token = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], token .. ' ' .. ARGV[2], 'PX', ARGV[1])
return token
"""
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if not KEYS[2] then return 0 end
local kind = redis.call('TYPE', KEYS[2]).ok
if kind == 'list' then return redis.call('LLEN', KEYS[2]) end
if kind == 'zset' then return redis.call('ZCOUNT', KEYS[2], '-inf', ARGV[2]) end
return 0
"""


@dataclass
class Lease:
    """A lease that is held; `token` is its fencing number."""

    client: Any = field(repr=False)
    name: str
    token: int
    seconds: float
    holder: str
    """Machine and process, for whoever asks who holds it."""
    work: str = ""
    """Where the work lies that is done under this lease."""
    lost: bool = False

    @reachable
    def renew(self) -> bool:
        """Hold it for its full time from now; False if it is someone else's by now."""
        held = self.client.eval(_RENEW, 1, keys.lease(self.name), self._mine(), int(self.seconds * 1000))
        self.lost = self.lost or not held
        return not self.lost

    @reachable
    def release(self) -> int:
        """Give it back at once, and tell how much work there is now: what came late is still ours."""
        where = [keys.lease(self.name), *([self.work] if self.work else [])]
        return int(self.client.eval(_RELEASE, len(where), *where, self._mine(), milliseconds()))

    def _mine(self) -> str:
        return f"{self.token} {self.holder}"

    @contextmanager
    def kept(self) -> Iterator["Lease"]:
        """Renew it from beside while the block runs, however long its calls take."""
        done = threading.Event()
        beside = threading.Thread(target=self._keep, args=(done,), daemon=True)
        beside.start()
        try:
            yield self
        finally:
            done.set()
            beside.join()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(self.seconds / 4):
            try:
                if not self.renew():
                    return
            except Unavailable:
                continue  # it runs out by itself if this lasts


class Leases(Base):
    """Who holds what."""

    @reachable
    def lease(self, name: str, seconds: float = LEASE_S) -> Lease | None:
        """Take the lease; None while another holds it."""
        return self._lease(name, seconds)

    @reachable
    def advance_lease(self, lane: str, first: bool = False) -> Lease | None:
        """Answer the ring and take the lease for draining the lane's inbox."""
        return self._lease(f"advance:{lane}", LEASE_S, keys.wake_up("events", lane, first), keys.inbox(lane))

    @reachable
    def perform_lease(self, lane: str, first: bool = False) -> Lease | None:
        """Answer the ring and take the lease for the lane's due actions."""
        ring = keys.wake_up("actions", lane, first)
        return self._lease(f"perform:{lane}", LEASE_S, ring, keys.outbox_due(lane))

    def _lease(self, name: str, seconds: float, ring: str = "", work: str = "") -> Lease | None:
        where, holder = [keys.lease(name), keys.FENCE, *([ring] if ring else [])], this_process()
        token = self.client.eval(_TAKE, len(where), *where, int(seconds * 1000), holder)
        return Lease(self.client, name, int(token), seconds, holder, work) if token else None

    @reachable
    def holder(self, name: str) -> str | None:
        """Who holds the lease, as `machine:process`; None if nobody does."""
        held: str | None = self.client.get(keys.lease(name))
        return held.partition(" ")[2] if held else None


def this_process() -> str:
    """Machine and process in one word."""
    return f"{os.uname().nodename}:{os.getpid()}"
