"""Runs an agent's command: output drained, signs of life watched, time limited, no process left behind."""

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Protocol

from shell.agent.cgroup import PREFIX, Group, make_group
from shell.agent.cleanup import RUN, kill_remaining
from shell.agent.limits import Limits
from shell.agent.usage import Usage
from shell.clock import now
from shell.parent import hold
from shell.secrets import MaskedStream

_GUARD = Path(__file__).resolve().parent / "guard.py"
_TAIL_BYTES = 128 * 1024
_LOG_BYTES = 20 * 1024 * 1024
_LONGEST_LINE = 4000
_MOST_FILES = 50_000
_READS = 8


class Watcher(Protocol):
    """Receives the progress of a run, and may end it."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool: ...

    def output(self, line: str) -> None: ...

    def pushing(self, commit: str) -> None: ...


@dataclass(frozen=True)
class Job:
    """One command to run."""

    command: list[str]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    time_limit_s: float
    input: Path | None = None
    heartbeat_s: float = 5.0
    limits: Limits = field(default_factory=Limits)
    takes_disk: Path | None = None
    """What counts as its disk; `folder` if not given."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    how: Literal["ended", "timeout", "stopped", "limit"]
    status: int
    tail: str
    seconds: float
    limit: str = ""
    """Which limit ended it, in a sentence."""


def run_job(job: Job, watcher: Watcher) -> Ended:
    """Run it to its end, its limit or its stop; no process of it is left when this returns."""
    begun, run_id = time.monotonic(), secrets.token_hex(8)
    group = make_group(PREFIX + run_id, job.limits)
    try:
        with open(job.log, "ab") as log, _started(job, run_id, group) as guard:
            run = _Run(job, watcher, guard, log, begun, group)
            try:
                watcher.started(guard.pid)
                how = run.follow()
            finally:
                _close(guard)
                kill_remaining(run_id)
                run.drain()
                run.usage.disk.close()
            if how == "ended" and guard.returncode and run.met_a_limit(at_the_end=True):
                how = "limit"
    finally:
        group.remove()
    return Ended(how, guard.returncode, run.tail(), round(time.monotonic() - begun, 1), run.limit or "")


def _started(job: Job, run_id: str, group: Group) -> "subprocess.Popen[bytes]":
    options = ["--input", str(job.input)] if job.input else []
    options += [word for folder in group.folders for word in ("--cgroup", str(folder))]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), *options, "--", *job.command],
        cwd=job.folder,
        env=dict(job.environment) | {RUN: run_id},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=hold(),
        bufsize=0,
    )


def _close(guard: "subprocess.Popen[bytes]") -> None:
    """Closing the pipe ends the guard; if it does not obey, or is dead, its process group is killed."""
    assert guard.stdin is not None
    guard.stdin.close()
    try:
        guard.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()
    if guard.returncode < 0:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(guard.pid, signal.SIGKILL)


class _Run:
    """The state of a run in progress."""

    def __init__(
        self,
        job: Job,
        watcher: Watcher,
        guard: "subprocess.Popen[bytes]",
        log: IO[bytes],
        begun: float,
        group: Group,
    ) -> None:
        assert guard.stdout is not None
        self.job, self.watcher, self.guard, self.log, self.begun = job, watcher, guard, log, begun
        self.pipe = guard.stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.recent, self.line, self.logged = bytearray(), "", 0
        self.masked = MaskedStream()
        self.last_sign, self.next_beat = now(), 0.0
        self.activity = Activity(job.folder)
        self.usage = Usage(guard.pid, job.takes_disk or job.folder, job.limits, group)
        self.printed = 0
        self.limit: str | None = None

    def follow(self) -> Literal["ended", "timeout", "stopped", "limit"]:
        with selectors.DefaultSelector() as selector:
            selector.register(self.pipe, selectors.EVENT_READ)
            while self.guard.poll() is None:
                if time.monotonic() - self.begun > self.job.time_limit_s:
                    return "timeout"
                if not self._beat():
                    return "stopped"
                if self.met_a_limit():
                    return "limit"
                if selector.select(self._wait_s()) and not self.drain():
                    self.guard.wait(15)
        return "ended"

    def drain(self) -> bool:
        """Read what the pipe holds, of an agent that never pauses only a part; False at its end."""
        try:
            return self._read()
        finally:
            self.log.flush()

    def _read(self) -> bool:
        for _ in range(_READS):
            try:
                read = os.read(self.pipe, 65536)
            except BlockingIOError:
                return True
            if not read:
                self._take(self.masked.end())
                self._log_line(self.line)
                self.line = ""
                return False
            self.last_sign = now()
            self.printed += len(read)
            self._take(self.masked.feed(read))
        return True

    def _take(self, text: str) -> None:
        *lines, self.line = (self.line + text).split("\n")
        for line in lines:
            self._log_line(line)
        while len(self.line) > _LONGEST_LINE:
            self._log_line(self.line[:_LONGEST_LINE])
            self.line = self.line[_LONGEST_LINE:]

    def met_a_limit(self, *, at_the_end: bool = False) -> bool:
        """Whether a limit is exceeded; `limit` says which. At the end only the kernel's counts are left."""
        found = self.usage.refused() if at_the_end else self.usage.exceeded(self.printed)
        self.limit = self.limit or found
        return self.limit is not None

    def tail(self) -> str:
        return self.recent[-_TAIL_BYTES:].decode(errors="replace").strip()

    def _log_line(self, text: str) -> None:
        if not text:
            return
        line = text.rstrip("\r")
        encoded = line.encode(errors="replace") + b"\n"
        self.recent += encoded
        if len(self.recent) > 2 * _TAIL_BYTES:
            del self.recent[:-_TAIL_BYTES]
        if self.logged < _LOG_BYTES:
            self.logged += self.log.write(encoded)
        self.watcher.output(line)

    def _beat(self) -> bool:
        """A heartbeat where one is due; False if the run must stop."""
        if time.monotonic() < self.next_beat:
            return True
        if self.activity.moved():
            self.last_sign = now()
        self.watcher.heartbeat(self.last_sign)
        self.next_beat = time.monotonic() + self.job.heartbeat_s
        return self.watcher.may_go_on()

    def _wait_s(self) -> float:
        limit = self.begun + self.job.time_limit_s
        return max(0.01, min(self.next_beat, self.usage.next_look, limit) - time.monotonic())


class Activity:
    """Whether files of a folder changed since the last look; a long look makes the next one wait."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder, self.clock = folder, clock
        self.not_before = 0.0
        self.known = self._snapshot()

    def moved(self) -> bool:
        """True if something was written, added or removed."""
        begun = self.clock()
        if begun < self.not_before:
            return False
        known = self._snapshot()
        moved, self.known = known != self.known, known
        self.not_before = self.clock() + 20 * (self.clock() - begun)
        return moved

    def _snapshot(self) -> tuple[int, int]:
        """How many entries, and the sum of their times: any change alters one of them."""
        total, looked_at, waiting = 0, 0, [str(self.folder)]
        while waiting and looked_at < _MOST_FILES:
            for changed_at, is_folder, path in _look(waiting.pop()):
                looked_at += 1
                total += changed_at
                if is_folder:
                    waiting.append(path)
        return looked_at, total


def _look(folder: str) -> list[tuple[int, bool, str]]:
    try:
        with os.scandir(folder) as entries:
            return [_seen(entry) for entry in entries if entry.name != "node_modules"]
    except OSError:
        return []  # removed meanwhile; the folder above it shows that


def _seen(entry: os.DirEntry[str]) -> tuple[int, bool, str]:
    about = entry.stat(follow_symlinks=False)
    return about.st_ctime_ns, entry.is_dir(follow_symlinks=False), entry.path
