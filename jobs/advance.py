"""Advance a lane: drain its inbox in order, decide, and commit all of it in one transaction."""

from time import monotonic

import structlog

from jobs import context
from jobs.decide import Decider, decide
from shell.admission import UNKNOWN
from shell.store import Fenced, Lease, Store

_log = structlog.get_logger(__name__)

BATCH = 25
"""Events that are decided and committed together."""
TURN_S = 0.1
"""After this long another lane gets its turn."""


def advance(lane: str, first: bool = False) -> None:
    """Job: handle all that waits in the lane's inbox, unless someone does already.

    Of a repository that the forge has not shown yet nothing is handled: it is asked first.
    """
    ctx = context.current()
    if ctx.admission(lane) is UNKNOWN:
        ctx.store.clear_wake_up("events", lane)
        ctx.store.enqueue("actions", lane, first=True)
        return
    drain(ctx.store, lane, ctx.decider(lane), first)


def advance_first(lane: str) -> None:
    """Job: the same, for an urgent wake-up."""
    advance(lane, first=True)


def drain(store: Store, lane: str, decider: Decider, first: bool = False) -> int:
    """Drain the inbox under the lane's lease; the number of events handled."""
    until, handled = monotonic() + TURN_S, 0
    while True:
        lease = store.advance_lease(lane, first)
        if lease is None:
            return handled
        waiting = 0
        try:
            handled += _drain_held(store, lane, decider, lease, until)
        except Fenced as fenced:
            _log.warning("lane taken over", lane=lane, reason=str(fenced))
            return handled
        finally:
            waiting = lease.release()
        # an event may have arrived after the last read, when its wake-up found the lane held
        if not waiting:
            return handled
        if monotonic() > until:
            store.enqueue("events", lane)
            return handled


def _drain_held(store: Store, lane: str, decider: Decider, lease: Lease, until: float) -> int:
    handled = 0
    while True:
        loaded, inbox = store.open(lane, BATCH)
        if not inbox:
            return handled
        decision = decide(loaded, inbox, decider, lambda: monotonic() > until)
        if store.commit(lane, loaded, decision, lease.token):
            handled += len(decision.consumed)
            for letter in decision.dead:
                _log.error("event failed", lane=lane, reference=letter["id"], reason=letter["reason"])
            if len(decision.consumed) == len(inbox) < BATCH:
                return handled
        if monotonic() > until or not lease.renew():
            return handled
