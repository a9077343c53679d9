"""Disks of runs: agents that want more than theirs holds, and a run that is killed while it works."""

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

from jobs.child import in_child
from shell.agent.harness import Ended, Job, run_job
from shell.agent.limits import Limits
from shell.agent.paths import Attempt, Paths, remove_dead_attempts
from shell.agent.quota import OwnDisk, own_disk, own_mounts, why_none

from .kind import Arena, Defence, Kind, Tried

_MIB = 1024**2
_MOST = 64 * _MIB
_WAIT_S = 25.0
_REFUSED = "No space left on device"
_BYTES = """
import os
for number in range(20):
    with open(str(number), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 10 * 2**20)
"""
_FILES = """
for number in range(30_000):
    open(str(number), "w").close()
"""
_STAYS = """
import time
try:
    exec({program!r})
except OSError as error:
    print(error.strerror, flush=True)
time.sleep(60)
"""

_DEVICES = Path("/sys/block")

Row = tuple[str, bool, str]


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield from _apart(arena.folder / "hogs", _hogs)
    yield from _apart(arena.folder / "beside", _beside)
    yield _killed(arena.folder / "killed")


def _apart(folder: Path, attempts: Callable[[Paths], list[Row]]) -> Iterator[Tried]:
    """Play them in a process of its own, as a worker has for each run."""
    folder.mkdir()
    told = folder / "told.json"
    status = in_child(lambda: _tell(told, attempts(_paths(folder))), lambda: None, 0.5)
    if status:
        yield Tried(f"the attack itself ({folder.name})", False, f"its process ended with {status}")
        return
    yield from (Tried(*row) for row in json.loads(told.read_text()))


def _tell(file: Path, rows: list[Row]) -> None:
    file.write_text(json.dumps(rows))


def _paths(folder: Path) -> Paths:
    limits = replace(Limits(), disk_bytes=_MOST)
    return Paths(folder / "home", {"PATH": os.environ["PATH"]}, limits=limits, own_disks=own_mounts())


def _attempt(paths: Paths, number: int) -> Attempt:
    return paths.attempt({"sprint_id": "s", "task_id": "t", "lane": "lane", "attempt": number})


def _hogs(paths: Paths) -> list[Row]:
    rows: list[Row] = []
    for number, (name, program) in enumerate({"bytes": _BYTES, "files": _FILES}.items()):
        attempt = _attempt(paths, number)
        with attempt.held(), own_disk(attempt, paths) as disk:
            ended = _run(attempt, paths, disk, _STAYS.format(program=program))
            taken = _taken(attempt)
        seen = f"{ended.how}: {ended.limit or ended.tail[-200:]}"
        refused = _REFUSED in ended.tail and taken <= _MOST
        rows.append((f"more {name} than its disk holds", refused, f"{seen}; {taken // _MIB} MiB taken"))
        rows.append((f"a run whose disk is full of {name} is ended", ended.how == "limit", seen))
        free = not attempt.root.exists() and _gone(attempt)
        rows.append((f"nothing stays of a disk full of {name}", free, str(attempt.root)))
    return rows


def _beside(paths: Paths) -> list[Row]:
    """While one run's disk is full, another run works."""
    one, other = _attempt(paths, 1), _attempt(paths, 2)
    with one.held(), own_disk(one, paths) as disk, other.held(), own_disk(other, paths) as others:
        _run(one, paths, disk, _BYTES)
        ended = _run(other, paths, others, 'open("a", "wb").write(bytes(2**20)); print("written")')
        full = disk is not None and disk.full() is not None
    held = full and ended.tail.endswith("written")
    return [("another run works beside a full disk", held, f"{ended.how}: {ended.tail[-200:]}")]


def _run(attempt: Attempt, paths: Paths, disk: OwnDisk | None, program: str) -> Ended:
    attempt.make()
    command = [sys.executable, "-c", program]
    return run_job(
        Job(
            command,
            attempt.folder,
            paths.environment,
            attempt.log,
            _WAIT_S,
            limits=paths.limits,
            takes_disk=attempt.root,
            own_disk=disk,
        ),
        _Nobody(),
    )


def _taken(attempt: Attempt) -> int:
    """What a run's disk takes of the machine's."""
    return attempt.image.stat().st_blocks * 512 if attempt.image.exists() else 0


def _killed(folder: Path) -> Tried:
    """A worker that is killed leaves a file, which the next cleanup removes, and no mount and no device."""
    folder.mkdir()
    paths = Paths(folder / "home", {})
    attempt = _attempt(paths, 1)
    process = multiprocessing.get_context("fork").Process(target=_works, args=(folder,))
    process.start()
    begun = Path(f"/proc/{process.pid}/root{attempt.folder}/begun")
    there = _until(begun.exists)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    released = _gone(attempt)
    remove_dead_attempts(paths, made_before_s=-1)
    seen = f"begun: {there}, released: {released}, removed: {not attempt.root.exists()}"
    return Tried(
        "a run that is killed leaves nothing", there and released and not attempt.root.exists(), seen
    )


def _works(folder: Path) -> None:
    paths = _paths(folder)
    attempt = _attempt(paths, 1)
    with attempt.held(), own_disk(attempt, paths) as disk:
        _run(attempt, paths, disk, 'open("begun", "w").close(); import time; time.sleep(60)')


def _gone(attempt: Attempt) -> bool:
    """Whether no loop device holds its image any more, soon."""
    return _until(lambda: not any(_holds(file, attempt) for file in _DEVICES.glob("loop*/loop/backing_file")))


def _holds(file: Path, attempt: Attempt) -> bool:
    with suppress(OSError):  # it was released meanwhile
        return file.read_text().startswith(str(attempt.image))
    return False


def _until(look: Callable[[], bool]) -> bool:
    deadline = monotonic() + _WAIT_S
    while not (found := look()) and monotonic() < deadline:
        sleep(0.05)
    return found


class _Nobody:
    """Watches a run, and lets it go on."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool:
        return True

    def output(self, line: str) -> None: ...

    def pushing(self, commit: str, partial: bool = False) -> None: ...


def _cannot() -> str | None:
    problem = why_none()
    return f"runs have no disks of their own here: {problem}" if problem else None


KIND = Kind(
    "quota",
    "agents that want more than the disk of their run holds",
    play,
    (
        Defence("a run has a disk of its own", "shell/agent/quota.py", "if not paths.own_disks:", "if True:"),
        Defence(
            "a run whose disk is full is ended",
            "shell/agent/usage.py",
            "if self.own_disk is not None and (full := self.own_disk.full()):",
            "if full := None:",
        ),
    ),
    _cannot,
)
