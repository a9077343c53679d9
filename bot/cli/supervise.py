"""Process supervision: starts the bot's processes, restarts those that die, and stops them in order."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from shell.parent import die_with_parent
from shell.restarts import OFTEN

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 15.0
STEADY_S = 20.0
"""A process that ran this long is restarted without back-off."""
DRAIN_S = 20.0
LOG_LIMIT = 20 * 2**20
_LOOK_S = 0.1


@dataclass
class Child:
    """One process to be kept running."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    keep_open: tuple[int, ...] = ()
    """File descriptors of ours that it inherits."""
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    due: float = 0.0
    delay: float = FIRST_DELAY_S
    before: Callable[[], None] | None = None
    """Done before each start."""
    deaths: int = 0
    """How often it died in a row, each time before it had run steadily."""
    ending: str = ""
    """How it last ended."""

    def start(self) -> None:
        """Start it in a session of its own, without the terminal's Ctrl-C, and so that it dies with us."""
        parent = os.getpid()
        if self.before:
            self.before()
        _rotate(self.log)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=self.keep_open,
                preexec_fn=lambda: die_with_parent(parent),
            )
        self.started = monotonic()

    def died(self) -> int | None:
        """The exit code, if it was running and is no more."""
        return self.process.poll() if self.process else None

    def back_off(self) -> float:
        """Note that it died and when to restart it: at once if it ran steadily, else with growing delay."""
        now = monotonic()
        steady = self.process is not None and now - self.started > STEADY_S
        self.deaths = 1 if steady else self.deaths + 1
        self.delay = FIRST_DELAY_S if steady else min(self.delay * 2, LONGEST_DELAY_S)
        self.process, self.due = None, now + self.delay
        return self.delay

    def settled(self) -> bool:
        """Whether it died before and has run steadily since; said once."""
        if not self.deaths or self.process is None or monotonic() - self.started <= STEADY_S:
            return False
        self.deaths = 0
        return True


@dataclass
class Supervisor:
    """Keeps the children running until told to stop, then drains them in the given order."""

    children: list[Child]
    say: Callable[[str], None]
    report: Callable[[dict[str, tuple[int, str]]], None] = lambda _dying: None
    """Is told which children keep dying, how often and how, whenever that changes."""
    stopping: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start all that are not running."""
        for child in self.children:
            if child.process is None:
                self.begin(child)

    def begin(self, child: Child) -> None:
        """Start it; where that fails, on a full disk for instance, it is as if it had died at once."""
        try:
            child.start()
        except OSError as error:
            self._died(child, str(error))

    def _died(self, child: Child, how: str) -> None:
        child.ending = how
        self.say(f"{child.name} ended ({how}); restarting it in {child.back_off():.1f} s")
        self._report()

    def _report(self) -> None:
        dying = {one.name: (one.deaths, one.ending) for one in self.children if one.deaths >= OFTEN}
        self.report(dying)

    def look(self) -> None:
        """Note which ones died, and restart those whose delay is over."""
        for child in self.children:
            code = child.died()
            if code is not None:
                self._died(child, _ending(code))
            elif child.process is None and monotonic() >= child.due:
                self.begin(child)
            elif child.settled():
                self._report()

    def keep(self) -> None:
        """Supervise the children until `stopping` is set."""
        while not self.stopping:
            self.look()
            sleep(_LOOK_S)

    def drain(self, last: tuple[str, ...] = ("store",)) -> None:
        """Ask all to finish, wait, kill those that do not; the ones in `last` only after the others."""
        self._end([child for child in self.children if child.name not in last])
        self._end([child for child in self.children if child.name in last])

    def _end(self, children: list[Child]) -> None:
        running = [child for child in children if child.process and child.died() is None]
        for child in running:
            _signal(child, signal.SIGTERM)
        deadline = monotonic() + DRAIN_S
        while any(child.died() is None for child in running) and monotonic() < deadline:
            sleep(_LOOK_S)
        for child in running:
            if child.died() is None:
                self.say(f"{child.name} did not stop within {DRAIN_S:.0f} s and was killed")
                _signal(child, signal.SIGKILL)


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process:
        child.process.send_signal(number)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _rotate(log: Path) -> None:
    """Rotate a log that has grown too long: it becomes `.1`, and a new one begins."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
