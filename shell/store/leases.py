"""Leases: one holder at a time, a fencing token that only grows, and expiry if the holder dies."""

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
    """A lease that is held; `token` is its fencing token."""

    client: Any = field(repr=False)
    name: str
    token: int
    seconds: float
    holder: str
    """Machine and process, for diagnosis."""
    work: str = ""
    """The key that holds the work done under this lease."""
    lost: bool = False

    @reachable
    def renew(self) -> bool:
        """Extend it to its full time from now; False if it was lost."""
        renew, milliseconds_left = self.client.register_script(_RENEW), int(self.seconds * 1000)
        held = renew(keys=[keys.lease(self.name)], args=[self._mine(), milliseconds_left])
        self.lost = self.lost or not held
        return not self.lost

    @reachable
    def release(self) -> int:
        """Release it; how much work there is at that moment, which the holder still has to do."""
        where = [keys.lease(self.name), *([self.work] if self.work else [])]
        release = self.client.register_script(_RELEASE)
        return int(release(keys=where, args=[self._mine(), milliseconds()]))

    def _mine(self) -> str:
        return f"{self.token} {self.holder}"

    @contextmanager
    def kept(self) -> Iterator["Lease"]:
        """Renew it in the background while the block runs."""
        done = threading.Event()
        renewal = threading.Thread(target=self._keep, args=(done,), daemon=True)
        renewal.start()
        try:
            yield self
        finally:
            done.set()
            renewal.join()

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(self.seconds / 4):
            try:
                if not self.renew():
                    return
            except Unavailable:
                continue  # if this lasts, the lease expires


class Leases(Base):
    """Taking leases, and who holds them."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._take = client.register_script(_TAKE)

    @reachable
    def lease(self, name: str, seconds: float = LEASE_S) -> Lease | None:
        """Take the lease; None while another holds it."""
        return self._lease(name, seconds)

    @reachable
    def advance_lease(self, lane: str, urgent: bool = False) -> Lease | None:
        """Clear the wake-up and take the lease for draining the lane's inbox."""
        return self._lease(f"advance:{lane}", LEASE_S, keys.wake_up("events", lane, urgent), keys.inbox(lane))

    @reachable
    def perform_lease(self, lane: str, urgent: bool = False) -> Lease | None:
        """Clear the wake-up and take the lease for the lane's due actions."""
        wake_up = keys.wake_up("actions", lane, urgent)
        return self._lease(f"perform:{lane}", LEASE_S, wake_up, keys.outbox_due(lane))

    def _lease(self, name: str, seconds: float, wake_up: str = "", work: str = "") -> Lease | None:
        where, holder = [keys.lease(name), keys.FENCE, *([wake_up] if wake_up else [])], this_process()
        token = self._take(keys=where, args=[int(seconds * 1000), holder])
        return Lease(self.client, name, int(token), seconds, holder, work) if token else None

    @reachable
    def holder(self, name: str) -> str | None:
        """Who holds the lease, as `machine:process`; None if nobody does."""
        held: str | None = self.client.get(keys.lease(name))
        return held.partition(" ")[2] if held else None


def this_process() -> str:
    """`machine:process`."""
    return f"{os.uname().nodename}:{os.getpid()}"
