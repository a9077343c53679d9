"""Runs an agent's command: output drained, signs of life watched, time limited, no process left behind."""

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Protocol

from shell.agent.acp import Conversation
from shell.agent.cgroup import PREFIX, Group, make_group
from shell.agent.cleanup import RUN, kill_remaining
from shell.agent.dialogue import Dialogue
from shell.agent.limits import Limits
from shell.agent.quota import OwnDisk
from shell.agent.transcript import Transcript
from shell.agent.usage import Usage
from shell.clock import now
from shell.parent import hold

_GUARD = Path(__file__).resolve().parent / "guard.py"
_MOST_FILES = 50_000
_READS = 8
_CANCEL_S = 1.0
"""How long an agent may take to end a turn that was cancelled: it is stopped within two seconds."""
_RETRY_S = 0.05
"""How long to wait before more is written into a pipe that was full."""
_LEAVE_S = 3.0
"""How long an agent may take to end after its last turn."""


class Watcher(Protocol):
    """Receives the progress of a run, and may end it."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool: ...

    def output(self, line: str) -> None: ...

    def pushing(self, commit: str, partial: bool = False) -> None:
        """Called before a push; `partial`: the work is not done, the next run goes on with it."""


class Relay:
    """A watcher around another one, which hears all of it."""

    def __init__(self, report: Watcher) -> None:
        self.report = report

    def started(self, pid: int) -> None:
        self.report.started(pid)

    def heartbeat(self, last_sign_at: str) -> None:
        self.report.heartbeat(last_sign_at)

    def may_go_on(self) -> bool:
        return self.report.may_go_on()

    def output(self, line: str) -> None:
        self.report.output(line)

    def pushing(self, commit: str, partial: bool = False) -> None:
        self.report.pushing(commit, partial)


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
    look_s: float = 0.5
    """How often is asked whether it may go on, and what people told it: a stop ends it within two seconds."""
    limits: Limits = field(default_factory=Limits)
    takes_disk: Path | None = None
    """What counts as its disk; `folder` if not given."""
    own_disk: OwnDisk | None = None
    """The disk that its files are on, where it has one of its own."""
    conversation: Conversation | None = None
    """What is said over its standard input and output, where it speaks the protocol."""
    told: Callable[[], Sequence[str]] = tuple
    """What people told it since this was asked last."""


How = Literal["ended", "timeout", "stopped", "limit"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    how: How
    status: int
    tail: str
    seconds: float
    limit: str = ""
    """Which limit ended it, in a sentence."""
    errors: str = ""
    """The end of its standard error, where that is apart."""
    left_to_tell: tuple[str, ...] = ()
    """What people told it and it could not take during its turn."""


def run_job(job: Job, watcher: Watcher) -> Ended:
    """Run it to its end, its limit or its stop; no process of it is left when this returns."""
    begun, run_id = time.monotonic(), secrets.token_hex(8)
    group = make_group(PREFIX + run_id, job.limits)
    try:
        with (
            open(job.log, "ab") as log,
            _input(job) as (options, descriptors, to_agent),
            _started(job, run_id, group, options, descriptors) as guard,
        ):
            run = _Run(job, watcher, guard, log, begun, group, to_agent)
            try:
                watcher.started(guard.pid)
                how = run.follow()
            finally:
                try:
                    run.leave()
                finally:
                    _close(guard)
                    kill_remaining(run_id)
                run.finish()
            if how == "ended" and guard.returncode and run.met_a_limit(at_the_end=True):
                how = "limit"
    finally:
        group.remove()
    seconds = round(time.monotonic() - begun, 1)
    return Ended(
        how,
        guard.returncode,
        run.transcript.tail(),
        seconds,
        run.limit or "",
        run.errors.tail(),
        tuple(run.left_to_tell),
    )


@contextlib.contextmanager
def _input(job: Job) -> Iterator[tuple[list[str], tuple[int, ...], int | None]]:
    """Options of the guard, descriptors it inherits, and our end of the agent's standard input."""
    if job.conversation is None:
        yield (["--input", str(job.input)] if job.input else []), (), None
        return
    theirs, ours = os.pipe()
    try:
        yield ["--input", f"/dev/fd/{theirs}"], (theirs,), ours
    finally:
        os.close(theirs)


def _started(
    job: Job, run_id: str, group: Group, options: list[str], descriptors: tuple[int, ...]
) -> "subprocess.Popen[bytes]":
    groups = [word for folder in group.folders for word in ("--cgroup", str(folder))]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), *options, *groups, "--", *job.command],
        cwd=job.folder,
        env=dict(job.environment) | {RUN: run_id},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if job.conversation else subprocess.STDOUT,
        start_new_session=True,
        pass_fds=(*hold(), *descriptors),
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
        to_agent: int | None,
    ) -> None:
        self.job, self.watcher, self.guard, self.begun = job, watcher, guard, begun
        self.transcript = Transcript(log, watcher.output)
        self.errors = Transcript(log, lambda line: None)
        self.dialogue: Dialogue | None = None
        if job.conversation is not None and to_agent is not None:
            self.dialogue = Dialogue(job.conversation, to_agent, self.transcript)
        self.readers = self._readers()
        self.last_sign, self.next_beat, self.next_look = now(), 0.0, 0.0
        self.activity = Activity(job.folder)
        self.usage = Usage(guard.pid, job.takes_disk or job.folder, job.limits, group, job.own_disk)
        self.printed = 0
        self.limit: str | None = None
        self.left_to_tell: list[str] = []

    def _readers(self) -> dict[int, Callable[[bytes], None]]:
        """What is done with what each pipe brings."""
        assert self.guard.stdout is not None
        takes = self.dialogue.take if self.dialogue else self.transcript.add
        readers: dict[int, Callable[[bytes], None]] = {self.guard.stdout.fileno(): takes}
        if self.guard.stderr is not None:
            readers[self.guard.stderr.fileno()] = self.errors.add
        for pipe in readers:
            os.set_blocking(pipe, False)
        return readers

    def follow(self) -> How:
        """Until it ends, or must end."""
        with self._selector() as selector:
            while self.guard.poll() is None:
                if time.monotonic() - self.begun > self.job.time_limit_s:
                    return "timeout"
                if not self._beat():
                    return "stopped"
                if self.met_a_limit():
                    return "limit"
                if not self._talk():
                    return "ended"
                if not self._wait(selector, self._wait_s()):
                    self.guard.wait(15)
        return "ended"

    def leave(self) -> None:
        """Let an agent that speaks the protocol end its turn and itself; what stays is killed after that."""
        if self.dialogue is None:
            return
        with self._selector() as selector:
            if not self.dialogue.ended:
                self.dialogue.cancel()
                self._wait_until(selector, lambda dialogue: dialogue.ended, _CANCEL_S)
                self.dialogue.close()
            else:
                self.dialogue.close()
                self._wait_until(selector, lambda dialogue: False, _LEAVE_S)

    def finish(self) -> None:
        """After the last process of it: what the pipes still hold, and what waited for more."""
        for pipe in self.readers:
            self._read(pipe)
        if self.dialogue is not None:
            self.dialogue.end()
            self.left_to_tell += self.dialogue.conversation.untold
        self.transcript.end()
        self.errors.end()
        self.usage.disk.close()

    def met_a_limit(self, *, at_the_end: bool = False) -> bool:
        """Whether a limit is exceeded; `limit` says which. At the end only the kernel's counts are left."""
        found = self.usage.refused() if at_the_end else self.usage.exceeded(self.printed)
        self.limit = self.limit or found
        return self.limit is not None

    def _talk(self) -> bool:
        """Go on with the conversation; False when its turn is over."""
        if self.dialogue is None:
            return True
        self.dialogue.write()
        return not self.dialogue.ended

    def _selector(self) -> selectors.BaseSelector:
        selector = selectors.DefaultSelector()
        for pipe in self.readers:
            selector.register(pipe, selectors.EVENT_READ)
        return selector

    def _wait(self, selector: selectors.BaseSelector, at_most_s: float) -> bool:
        """Take what the pipes bring next; False if all of them have ended."""
        for key, _ in selector.select(at_most_s):
            if not self._read(key.fd):
                selector.unregister(key.fd)
        return bool(selector.get_map())

    def _wait_until(
        self, selector: selectors.BaseSelector, done: Callable[[Dialogue], bool], at_most_s: float
    ) -> None:
        assert self.dialogue is not None
        until = time.monotonic() + at_most_s
        while self.guard.poll() is None and not done(self.dialogue):
            left = until - time.monotonic()
            if left <= 0 or not self._wait(selector, min(left, _RETRY_S)):
                return
            self.dialogue.write()

    def _read(self, pipe: int) -> bool:
        """Read what the pipe holds, of an agent that never pauses only a part; False at its end."""
        for _ in range(_READS):
            try:
                read = os.read(pipe, 65536)
            except BlockingIOError:
                return True
            if not read:
                return False
            self.last_sign = now()
            self.printed += len(read)
            self.readers[pipe](read)
        return True

    def _beat(self) -> bool:
        """A heartbeat where one is due, and a look whether the run must stop: False then."""
        if time.monotonic() >= self.next_beat:
            if self.dialogue is None and self.activity.moved():
                self.last_sign = now()
            self.watcher.heartbeat(self.last_sign)
            self.next_beat = time.monotonic() + self.job.heartbeat_s
        if time.monotonic() < self.next_look:
            return True
        self._tell()
        self.next_look = time.monotonic() + self.job.look_s
        return self.watcher.may_go_on()

    def _tell(self) -> None:
        for text in self.job.told():
            if self.dialogue is None or not self.dialogue.tell(text):
                self.left_to_tell.append(text)

    def _wait_s(self) -> float:
        if self.dialogue is not None and self.dialogue.waits_to_write:
            return _RETRY_S
        limit = self.begun + self.job.time_limit_s
        next_ = min(self.next_beat, self.next_look, self.usage.next_look, limit)
        return max(0.01, next_ - time.monotonic())


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
