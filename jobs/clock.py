"""`python -m jobs.clock`: the process that does everything by time; several may run, one of them leads."""

import gc

if __name__ == "__main__":
    gc.disable()  # see shell/garbage.py

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog

from jobs import context
from jobs.context import Context
from jobs.disk import watch_disk
from jobs.restore import Known, restore
from jobs.retention import retain
from jobs.snapshot import Written, snapshot
from jobs.sweep import enqueue_due, sweep
from jobs.ticks import discover, note_installed, reconcile, tick
from shell.errors import Unavailable
from shell.garbage import keep_what_is_loaded
from shell.logging import set_up
from shell.parent import keep_unreadable
from shell.settings import Settings, SettingsError
from shell.store import Lease

_log = structlog.get_logger(__name__)

STEP_S = 0.25
SWEEP_S = 5.0
RETAIN_S = 3600.0


@dataclass
class Duty:
    """Something that the leader does periodically; 0 seconds: never."""

    every_s: float
    do: Callable[[], None]
    next_at: float = 0.0

    def due(self, moment: float) -> bool:
        return self.every_s > 0 and moment >= self.next_at


class Clock:
    """Does its duties while it leads."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.lease: Lease | None = None
        self.done = threading.Event()
        self.next_renewal = 0.0
        written: Written = {}
        known: Known = {}
        settings, later = ctx.settings, monotonic()
        self.duties = [
            Duty(STEP_S, lambda: enqueue_due(ctx)),
            Duty(SWEEP_S, lambda: sweep(ctx)),
            Duty(SWEEP_S, lambda: note_installed(ctx)),
            Duty(SWEEP_S, lambda: restore(ctx, known)),
            Duty(SWEEP_S, lambda: snapshot(ctx, written)),
            Duty(SWEEP_S, lambda: watch_disk(ctx)),
            Duty(SWEEP_S, self._accounts),
            Duty(settings.tick_s, lambda: tick(ctx), later + settings.tick_s),
            Duty(settings.reconcile_s, lambda: reconcile(ctx)),
            Duty(settings.reconcile_s, self._discover),
            Duty(RETAIN_S, lambda: retain(ctx), later + RETAIN_S),
        ]

    def run(self) -> None:
        """Until told to stop."""
        while not self.done.is_set():
            try:
                self.step(monotonic())
            except Unavailable as error:
                _log.warning("the store does not answer", reason=str(error))
                self.done.wait(1.0)
            self.done.wait(STEP_S)
        if self.lease:
            self.lease.release()

    def step(self, moment: float) -> None:
        """Do what is due at this moment."""
        self.ctx.beat()
        if not self._lead(moment):
            return
        for duty in self.duties:
            if duty.due(moment):
                duty.next_at = moment + duty.every_s
                self._do(duty)

    def _do(self, duty: Duty) -> None:
        """One duty that fails must not keep the others from being done."""
        try:
            duty.do()
        except Unavailable as error:
            _log.warning("not available", reason=str(error))
        except Exception:
            _log.exception("a duty of the clock failed")

    def _lead(self, moment: float) -> bool:
        if moment < self.next_renewal:
            return self.lease is not None
        if self.lease is None or not self.lease.renew():
            self.lease = self.ctx.store.lease("clock")
        self.next_renewal = moment + 3.0
        return self.lease is not None

    def _accounts(self) -> None:
        """In a thread, because it calls the forges; decisions wait until our accounts are known."""
        if any(self.ctx.store.account(kind) is None for kind in self.ctx.settings.forges):
            threading.Thread(target=self._do, args=(Duty(0, self.ctx.know_accounts),), daemon=True).start()

    def _discover(self) -> None:
        """In a thread, because it calls the forges."""
        threading.Thread(target=self._do, args=(Duty(0, lambda: discover(self.ctx)),), daemon=True).start()


def main() -> None:
    """Run until told to stop."""
    keep_unreadable()
    os.environ.setdefault("CALORON_PROCESS", "clock")
    set_up("clock")
    try:
        ctx = Context.of(Settings.load())
    except SettingsError as error:
        sys.exit(str(error))
    context.use(ctx)
    keep_what_is_loaded()
    clock = Clock(ctx)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: clock.done.set())
    clock.run()
    ctx.store.gone(ctx.process)


if __name__ == "__main__":
    main()
