"""Kills one process after the other with SIGKILL, each at a kill point, and waits for its recovery."""

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

from .environment import Environment, HarnessError
from .kill_points import STALLED_CALLS, KillContext, KillPoint, PlannedKill, Target
from .store_log import StoreLog, is_syncing

KILL_POINT_WAIT_S = 5.0
"""If the first victim does not reach its kill point within this time, any victim that does is killed."""
RECOVERY_TIMEOUT_S = 60.0
COMMIT_WAIT_S = 5.0
SYNCING = "while it synced a commit that it had not acknowledged yet"
_RECEIVE_WAIT_S = 1.0
"""How long the stopped web process may wait for a delivery to arrive."""
_POLL_S = 0.001
_STALL_S = 1.0


@dataclass
class Kill:
    """What was killed, and how the bot recovered."""

    number: int
    victim: str
    name: str
    pid: int
    held: str
    task: str
    run: str
    recovery_s: float = 0.0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line for the terminal."""
        notes = "".join(f"; {note}" for note in [*self.notes, *(f"WRONG: {one}" for one in self.wrong)])
        recovery = f"back after {self.recovery_s:.1f} s{notes}"
        return f"{self.number:>2}  {self.name} ({self.pid}) held {self.held} — {recovery}"


@dataclass
class Killer:
    """Kills the planned victims as they reach their kill points."""

    env: Environment
    context: KillContext
    kills: list[Kill]
    is_over: Callable[[], bool]
    """Whether the sprint has ended: then no kill point is reached any more."""

    def kill(self, due: list[PlannedKill]) -> PlannedKill | None:
        """Wait until one of those due is at its kill point, and kill it; None if the sprint ended first."""
        found = self._catch(due)
        if found is None:
            return None
        planned, target = found
        number, victim = len(self.kills) + 1, planned[0]
        kill = Kill(number, victim, target.name, target.pid, target.held, target.task, target.run)
        started = monotonic()
        _KILL_AND_RECOVER.get(victim, _kill_child)(self, kill)
        kill.recovery_s = monotonic() - started
        self.kills.append(kill)
        self.env.log("kill", kill.line())
        return planned

    def _catch(self, due: list[PlannedKill]) -> tuple[PlannedKill, Target] | None:
        """The first victim at its kill point, stopped there."""
        deadline, candidates = monotonic() + KILL_POINT_WAIT_S, due[:1]
        self._stall_calls(due[0][1])
        try:
            while not self.is_over():
                for planned in candidates:
                    target = self._find(planned[1])
                    if target is not None and (target.name == "store" or self._stop(target)):
                        return planned, target
                if monotonic() > deadline and candidates is not due:
                    candidates = [planned for planned in due if planned[1] not in STALLED_CALLS] or due
                sleep(_POLL_S)
        finally:
            self._stall_calls(None)
        return None

    def _find(self, kill_point: KillPoint) -> Target | None:
        try:
            return kill_point(self.context)
        except Unavailable:  # the store is still recovering from the last kill
            return None

    def _stop(self, target: Target) -> bool:
        """Stop it, and check that it is still at the kill point; if not, let it continue."""
        try:
            os.kill(target.pid, signal.SIGSTOP)
        except ProcessLookupError:
            return False
        deadline = monotonic() + (_RECEIVE_WAIT_S if target.name == "web" else 0.0)
        while not (held := self._check(target.still_held)) and monotonic() < deadline:
            sleep(0.01)
        if not held:
            os.kill(target.pid, signal.SIGCONT)
        return held

    def _stall_calls(self, kill_point: KillPoint | None) -> None:
        """Make the fake forge slow where a call must not be doubled (a real one cannot be told to)."""
        if not self.context.fake:
            return
        self.context.stalled_before = self.context.counts()["struck"]
        path = STALLED_CALLS.get(kill_point) if kill_point else None
        rules = [{"method": "POST", "path": path, "seconds": _STALL_S}] if path else []
        body = json.dumps({"api": rules}).encode()
        with urlopen(f"{self.env.forge['url']}/_fake/faults", body, timeout=10) as response:
            response.read()

    def wait(self, condition: Callable[[], bool], failure: str) -> None:
        """Wait until the condition holds; HarnessError if it does not in time."""
        deadline = monotonic() + RECOVERY_TIMEOUT_S
        while not self._check(condition):
            if monotonic() > deadline:
                raise HarnessError(f"{failure} after {RECOVERY_TIMEOUT_S:.0f} s; see {self.env.logs}")
            sleep(0.02)

    def _check(self, condition: Callable[[], bool]) -> bool:
        try:
            return condition()
        except Unavailable:
            return False

    def restarted(self, name: str, pid: int) -> bool:
        """Whether the child of this name is another process than it was."""
        return self.context.processes().get(name, pid) != pid


def _kill_child(killer: Killer, kill: Kill) -> None:
    """A child of `up`: it must be restarted."""
    os.kill(kill.pid, signal.SIGKILL)
    killer.wait(lambda: killer.restarted(kill.name, kill.pid), f"{kill.name} was not restarted")


def _kill_store(killer: Killer, kill: Kill) -> None:
    """The store: whatever it acknowledged must still be there after the restart."""
    store, lane = killer.env.store, killer.context.lane
    before = store.load(lane).seq
    with StoreLog(killer.env.settings.home) as log:
        activity = _wait_for_commit(log, lane, kill.pid)
        os.kill(kill.pid, signal.SIGKILL)
    back = lambda: bool(store.health()["ok"]) and killer.restarted("store", kill.pid)  # noqa: E731
    killer.wait(back, "the store was not restarted")
    after = store.load(lane).seq
    kill.notes.append(f"{activity}; journal {before} before, {after} after")
    if after < before:
        kill.wrong.append(f"{before - after} journal entries are lost")
    if faults := store.journal_faults(lane):
        kill.wrong.append(f"the journal is damaged: {faults}")


def _wait_for_commit(log: StoreLog, lane: str, pid: int) -> str:
    """What the store does when this returns: it syncs a commit to the lane, if that can be seen in time."""
    deadline, machine, activity = monotonic() + COMMIT_WAIT_S, platform.machine(), "between two commits"
    while log.wait_for_commit(lane, deadline - monotonic()):
        syncing = is_syncing(pid, machine)
        if syncing:
            return SYNCING
        activity = "just after a commit"
        if syncing is None:
            return activity
    return activity


def _kill_agent(killer: Killer, kill: Kill) -> None:
    """The agent: its run must be reported as ended."""
    os.kill(kill.pid, signal.SIGKILL)

    def ended() -> bool:
        run = killer.env.store.run(killer.context.lane, kill.run)
        return run is None or run["status"] == "finished"

    killer.wait(ended, f"the run {kill.run} was not reported as ended")
    run = killer.env.store.run(killer.context.lane, kill.run)
    kill.notes.append(f"reported as {run['outcome'] if run else 'nothing'}")


def _kill_up(killer: Killer, kill: Kill) -> None:
    """`caloron up`: a successor starts at once, and no process of the old one may work beside it."""
    up = killer.env.up
    assert up.process
    old = descendants(kill.pid)
    os.kill(kill.pid, signal.SIGKILL)
    up.process.wait()
    started = monotonic()
    up.start()
    gone, working = _wait_for_succession(killer, old, started)
    kill.notes.append(
        f"its {len(old)} processes gone after {gone:.2f} s, the successor's started after {working:.2f} s"
    )
    killer.wait(lambda: bool(killer.env.store.health()["ok"]), "the successor has no store")
    present = of_home(killer.env.settings.home)  # first: the successor still starts processes
    own = {one.pid for one in descendants(up.process.pid)} | {up.process.pid, os.getpid()}
    others = [one for one in present if one.pid not in own]
    if orphans := commands([*old, *others]):
        kill.wrong.append(f"orphans beside the successor: {', '.join(orphans)}")
    elif gone > working:
        kill.wrong.append("old processes still worked beside the successor")


def _wait_for_succession(killer: Killer, old: list[Process], started: float) -> tuple[float, float]:
    """Seconds until the old processes were all gone, and until the successor had a worker."""
    deadline, gone, working = started + RECOVERY_TIMEOUT_S, 0.0, 0.0
    while not (gone and working) and monotonic() < deadline:
        elapsed = monotonic() - started
        if not gone and not any(one.alive() for one in old):
            gone = elapsed
        if not working and killer.context.processes().keys() - {"store"}:
            working = elapsed
        sleep(0.005)
    return gone or RECOVERY_TIMEOUT_S, working or RECOVERY_TIMEOUT_S


_KILL_AND_RECOVER: dict[str, Callable[[Killer, Kill], None]] = {
    "store": _kill_store,
    "agent": _kill_agent,
    "up": _kill_up,
}
"""How each victim is killed and its recovery checked; all others are children of `up`."""
