"""Advance a lane: drain its inbox in order, decide, and keep all of it in one transaction."""

from time import monotonic

import structlog

from jobs import context
from jobs.decide import Decider, decide
from shell.store import Fenced, Lease, Store

_log = structlog.get_logger(__name__)

AT_ONCE = 25
"""Events that are decided and kept together."""
AT_A_STRETCH_S = 0.1
"""After so long another lane may have its turn."""


def advance(lane: str, first: bool = False) -> None:
    """Handle all that waits in the lane's inbox, unless someone does already."""
    ctx = context.current()
    drain(ctx.store, lane, ctx.decider(lane), first)


def advance_first(lane: str) -> None:
    """The same, for a ring that went before the others."""
    advance(lane, first=True)


def drain(store: Store, lane: str, decider: Decider, first: bool = False) -> int:
    """Drain the inbox under the lane's lease; how many events were handled."""
    until, handled = monotonic() + AT_A_STRETCH_S, 0
    while True:
        lease = store.advance_lease(lane, first)
        if lease is None:
            return handled
        left = 0
        try:
            handled += _drain_held(store, lane, decider, lease, until)
        except Fenced as fenced:
            _log.warning("lane taken over", lane=lane, reason=str(fenced))
            return handled
        finally:
            left = lease.release()
        # an event may have come after our last look, while its ring found the lane held
        if not left:
            return handled
        if monotonic() > until:
            store.enqueue("events", lane)
            return handled


def _drain_held(store: Store, lane: str, decider: Decider, lease: Lease, until: float) -> int:
    handled = 0
    while True:
        loaded, inbox = store.open(lane, AT_ONCE)
        if not inbox:
            return handled
        decided = decide(loaded, inbox, decider)
        if store.commit(lane, loaded, decided, lease.token):
            handled += len(inbox)
            for letter in decided.dead:
                _log.error("event failed", lane=lane, reference=letter["id"], reason=letter["reason"])
            if len(inbox) < AT_ONCE:
                return handled
        if monotonic() > until or not lease.renew():
            return handled
