"""Kills one process after the other with SIGKILL, each in its moment, and waits until it is back."""

import json
import os
import platform
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from urllib.request import urlopen

from shell.errors import Unavailable
from shell.processes import Process, commands, descendants, of_home

from .environment import Scene, SceneFailed
from .kill_points import STALLED, Caught, Moment, Planned, Stage
from .store_log import StoreLog, is_syncing

MOMENT_WAIT_S = 5.0
"""If the first one's moment does not come within this time, whoever's comes first is taken."""
BACK_WAIT_S = 60.0
COMMIT_WAIT_S = 5.0
SYNCING = "while it synced a commit, not answered yet"
_HOLD_S = 1.0
"""So long a stopped process is given to hold what it is to be killed with."""
_LOOK_S = 0.001
_STALL_S = 1.0


@dataclass
class Kill:
    """What was killed, and what came of it."""

    number: int
    victim: str
    name: str
    pid: int
    held: str
    task: str
    run: str
    back_s: float = 0.0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        """As it is printed."""
        more = "".join(f"; {note}" for note in [*self.notes, *(f"WRONG: {word}" for word in self.wrong)])
        back = f"back after {self.back_s:.1f} s{more}"
        return f"{self.number:>2}  {self.name} ({self.pid}) held {self.held} — {back}"


@dataclass
class Killer:
    """Kills by a list, as far as the moments come."""

    scene: Scene
    stage: Stage
    done: list[Kill]
    over: Callable[[], bool]
    """Whether the sprint has ended: then no moment comes any more."""

    def kill(self, due: list[Planned]) -> Planned | None:
        """Wait for a moment of those due, and kill; which it was, or None if the sprint ended before."""
        found = self._catch(due)
        if found is None:
            return None
        planned, caught = found
        number, victim = len(self.done) + 1, planned[0]
        made = Kill(number, victim, caught.name, caught.pid, caught.held, caught.task, caught.run)
        began = monotonic()
        _AFTER.get(victim, _replaced)(self, made)
        made.back_s = monotonic() - began
        self.done.append(made)
        self.scene.say("kill", made.line())
        return planned

    def _catch(self, due: list[Planned]) -> tuple[Planned, Caught] | None:
        """Whoever has the moment, stopped in it."""
        patience, sought = monotonic() + MOMENT_WAIT_S, due[:1]
        self._stall(due[0][1])
        try:
            while not self.over():
                for planned in sought:
                    caught = self._look(planned[1])
                    if caught is not None and (caught.name == "store" or self._held(caught)):
                        return planned, caught
                if monotonic() > patience and sought is not due:
                    sought = [planned for planned in due if planned[1] not in STALLED] or due
                sleep(_LOOK_S)
        finally:
            self._stall(None)
        return None

    def _look(self, moment: Moment) -> Caught | None:
        try:
            return moment(self.stage)
        except Unavailable:  # it comes back from the last kill
            return None

    def _held(self, caught: Caught) -> bool:
        """Stop it, and see whether it holds that still; if not, it may go on."""
        try:
            os.kill(caught.pid, signal.SIGSTOP)
        except ProcessLookupError:
            return False
        patience = monotonic() + (_HOLD_S if caught.name == "web" else 0.0)
        while not (holds := self._is(caught.still)) and monotonic() < patience:
            sleep(0.01)
        if not holds:
            os.kill(caught.pid, signal.SIGCONT)
        return holds

    def _stall(self, moment: Moment | None) -> None:
        """Let the forge take its time for what must not be doubled (a real one takes what it takes)."""
        if not self.stage.fake:
            return
        self.stage.struck_before = self.stage.counts()["struck"]
        path = STALLED.get(moment) if moment else None
        rules = [{"method": "POST", "path": path, "seconds": _STALL_S}] if path else []
        body = json.dumps({"api": rules}).encode()
        with urlopen(f"{self.scene.forge['url']}/_fake/faults", body, timeout=10) as answer:
            answer.read()

    def wait(self, true: Callable[[], bool], what: str, within_s: float = BACK_WAIT_S) -> None:
        """Until that is so; SceneFailed if it does not become so."""
        deadline = monotonic() + within_s
        while not self._is(true):
            if monotonic() > deadline:
                raise SceneFailed(f"{what} after {within_s:.0f} s; see {self.scene.settings.home / 'logs'}")
            sleep(0.02)

    def _is(self, true: Callable[[], bool]) -> bool:
        try:
            return true()
        except Unavailable:
            return False


def _replaced(killer: Killer, made: Kill) -> None:
    """A child of `up`: it is started again."""
    os.kill(made.pid, signal.SIGKILL)
    back = lambda: killer.stage.processes().get(made.name, made.pid) != made.pid  # noqa: E731
    killer.wait(back, f"{made.name} was not started again")


def _store(killer: Killer, made: Kill) -> None:
    """The store: what it has answered must be there when it is back."""
    store, lane = killer.scene.store, killer.stage.lane
    before = store.load(lane).seq
    with StoreLog(killer.scene.settings.home) as log:
        doing = _caught_writing(log, lane, made.pid)
        os.kill(made.pid, signal.SIGKILL)
    killer.wait(lambda: bool(store.health()["ok"]) and _new(killer, made), "the store was not started again")
    after = store.load(lane).seq
    made.notes.append(f"{doing}; journal {before} before, {after} after")
    if after < before:
        made.wrong.append(f"{before - after} entries of the journal are lost")
    if broken := store.journal_faults(lane):
        made.wrong.append(f"the journal is damaged: {broken}")


def _caught_writing(log: StoreLog, lane: str, pid: int) -> str:
    """What the store does when this returns: it syncs a commit to the lane, if that can be seen in time."""
    deadline, machine, doing = monotonic() + COMMIT_WAIT_S, platform.machine(), "between two commits"
    while log.wait_for_commit(lane, deadline - monotonic()):
        syncing = is_syncing(pid, machine)
        if syncing:
            return SYNCING
        doing = "just after a commit"
        if syncing is None:
            return doing
    return doing


def _new(killer: Killer, made: Kill) -> bool:
    return killer.stage.processes().get("store", made.pid) != made.pid


def _agent(killer: Killer, made: Kill) -> None:
    """The agent: its run is told to have ended."""
    key = made.run
    os.kill(made.pid, signal.SIGKILL)

    def ended() -> bool:
        run = killer.scene.store.run(killer.stage.lane, key)
        return run is None or run["status"] == "finished"

    killer.wait(ended, f"the end of the run {key} was not told")
    run = killer.scene.store.run(killer.stage.lane, key)
    made.notes.append(f"told as {run['outcome'] if run else 'nothing'}")


def _up(killer: Killer, made: Kill) -> None:
    """All of it: a successor starts at once, and nobody of the old may work on beside it."""
    up = killer.scene.up
    assert up.process
    old = descendants(made.pid)
    os.kill(made.pid, signal.SIGKILL)
    up.process.wait()
    began = monotonic()
    up.start()
    gone, working = _until_gone_and_working(killer, old, began)
    made.notes.append(
        f"its {len(old)} processes gone after {gone:.2f} s, the successor's began after {working:.2f} s"
    )
    killer.wait(lambda: bool(killer.scene.store.health()["ok"]), "the successor has no store")
    working_here = of_home(killer.scene.settings.home)
    ours = {one.pid for one in descendants(up.process.pid)} | {up.process.pid, os.getpid()}
    others = [one for one in working_here if one.pid not in ours]
    if left := commands([*old, *others]):
        made.wrong.append(f"orphans beside the successor: {', '.join(left)}")
    elif gone > working:
        made.wrong.append("some of them worked on beside the successor")


def _until_gone_and_working(killer: Killer, old: list[Process], began: float) -> tuple[float, float]:
    """Seconds until the old ones were all gone, and until the successor had a worker."""
    deadline, gone, working = began + BACK_WAIT_S, 0.0, 0.0
    while not (gone and working) and monotonic() < deadline:
        moment = monotonic() - began
        if not gone and not any(one.alive() for one in old):
            gone = moment
        if not working and killer.stage.processes().keys() - {"store"}:
            working = moment
        sleep(0.005)
    return gone or BACK_WAIT_S, working or BACK_WAIT_S


_AFTER: dict[str, Callable[[Killer, Kill], None]] = {"store": _store, "agent": _agent, "up": _up}
"""What follows the kill of a victim; of all others, that it is started again."""
