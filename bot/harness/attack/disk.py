"""A small disk: an agent fills it, what a dead run left fills it, another program fills it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

from bot.cli.supervise import Child, Supervisor
from bot.cli.up import environment
from shell import restarts
from shell.agent.harness import Job, run_job
from shell.agent.paths import Attempt, Paths, make_room
from shell.agent.reserve_watch import ReserveWatch
from shell.disk import Reserve
from shell.errors import Unavailable
from shell.settings import Settings
from shell.store import Store, connect

from .endpoint import own_settings
from .kind import Arena, Defence, Kind, Tried

_SIZE_MB, _RESERVE_MB = 600, 300
_WAIT_S = 25.0
_PAUSES_S = 2.5
"""The first four pauses take longer together, as they double."""
_FILLER = """
import os
with open("fill", "wb", buffering=0) as file:
    piece = b"x" * 2**20
    while True:
        try:
            file.write(piece)
        except OSError:
            pass
"""


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    with _small_disk(arena.folder) as home:
        yield from _on_a_small_disk(home)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """A CALORON_HOME on a file system of its own."""
    image, home = folder / "disk.img", folder / "home"
    home.mkdir()
    subprocess.run(["truncate", "-s", f"{_SIZE_MB}M", str(image)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(home)], check=True)
    try:
        yield home
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


def _cannot() -> str | None:
    """Only root mounts a disk, and not in every container."""
    if os.geteuid():
        return "it mounts a small disk of its own; run it as root"
    if not all(map(shutil.which, ("mkfs.ext4", "mount"))) or not Path("/dev/loop-control").exists():
        return "it mounts a small disk of its own; mkfs.ext4, mount or loop devices are missing here"
    return None


def _on_a_small_disk(home: Path) -> Iterator[Tried]:
    given = own_settings(home) | {"REDIS_URL": ""}
    command = [sys.executable, "-P", "-m", "shell.embedded"]
    store = Child("store", command, environment() | given, home / "store.log")
    reserve = Reserve.of(home, _RESERVE_MB)
    paths = Paths(home, {}, reserve=reserve)
    pauses = _Pauses()

    def before() -> None:
        pauses.started()
        make_room(paths, made_before_s=0)

    store.before = before
    restarts.make(home)
    supervisor = Supervisor([store], pauses.ended, lambda dying: restarts.write(home, dying))
    supervisor.start()
    client = Store(connect(Settings.of(given).store_url, socket_timeout=2.0))
    try:
        _until(supervisor, lambda: _answers(client))
        yield from _filled_by_an_agent(home, reserve, client)
        yield from _filled_by_leftovers(home, supervisor, client)
        yield from _filled_by_others(home, supervisor, client, pauses)
    finally:
        supervisor.drain()


def _filled_by_an_agent(home: Path, reserve: Reserve, store: Store) -> Iterator[Tried]:
    """It writes as fast as it can; meanwhile each event must be kept."""
    folder = home / "attempts" / "lane" / "sprint" / "task" / "1"
    attempt = Attempt(folder, home / "agent.log")
    stop, failed, kept = Event(), list[str](), list[str]()

    def accept() -> None:
        while not stop.wait(0.01):
            try:
                kept.append(store.accept("gitea-1", _event(len(kept))))
            except Unavailable as error:
                failed.append(str(error))

    writer = Thread(target=accept)
    writer.start()
    with attempt.held():
        attempt.make()
        job = Job(
            [sys.executable, "-c", _FILLER], attempt.folder, {"PATH": os.environ["PATH"]}, attempt.log, 20
        )
        with ReserveWatch(_Silent(), reserve) as watch:
            ended = run_job(job, watch)
    stop.set()
    writer.join()
    yield Tried(
        "an agent that fills the disk is ended", bool(watch.shortage), f"{ended.how}, {ended.seconds} s"
    )
    seen = f"{len(kept)} events kept, {len(failed)} not: {failed[:1]}"
    yield Tried("the store answers beside it", bool(kept) and not failed, seen)
    yield Tried("its space is free again", reserve.shortage() is None, str(reserve.shortage()))


def _filled_by_leftovers(home: Path, supervisor: Supervisor, store: Store) -> Iterator[Tried]:
    """The folder of an attempt whose process was killed fills the disk, and the store dies of it."""
    _until(supervisor, lambda: _answers(store))
    before = _waiting(store)
    leftover = home / "attempts" / "lane" / "sprint" / "task" / "2"
    leftover.mkdir(parents=True)
    _fill(leftover / "fill")
    kept = _until_it_dies(store, before)
    yield Tried("a full disk acknowledges nothing that it cannot keep", kept is not None, f"{kept} kept")
    back = _until(supervisor, lambda: _answers(store))
    now = _waiting(store) if back else -1
    seen = f"{now} events, {kept} were acknowledged"
    yield Tried("leftovers are removed before the store starts", back and not leftover.exists(), seen)
    yield Tried("nothing acknowledged is lost", kept is not None and now >= kept, seen)


def _filled_by_others(home: Path, supervisor: Supervisor, store: Store, pauses: "_Pauses") -> Iterator[Tried]:
    """Something else fills the disk: the store is restarted with pauses, that is said, and ends by itself."""
    _until(supervisor, lambda: _answers(store))
    before = _waiting(store)
    _fill(home / "others")
    pauses.seconds.clear()
    kept = _until_it_dies(store, before)
    said = _until(supervisor, lambda: not _answers(store) and bool(restarts.reasons(home)))
    _until(supervisor, lambda: not _answers(store) and pauses.are_enough())
    seen = f"pauses of {', '.join(f'{pause:.1f}' for pause in pauses.seconds)} s"
    paused = said and sum(pauses.seconds[:4]) > _PAUSES_S
    yield Tried("a store that dies at once is restarted with pauses", paused, seen)
    (home / "others").unlink()
    back = _until(supervisor, lambda: _answers(store))
    now = _waiting(store) if back else -1
    yield Tried(
        "it is back once there is space", back and kept is not None and now >= kept, f"{now} of {kept}"
    )


def _until_it_dies(store: Store, known: int) -> int | None:
    """How many events are acknowledged until one is not; None if the full disk takes them all."""
    text = "x" * 100_000
    for number in range(known, known + 2_000):
        try:
            store.accept("gitea-1", _event(number) | {"body": text})
        except Unavailable:
            return number
    return None


def _fill(file: Path) -> None:
    with open(file, "wb", buffering=0) as filler:
        for piece in (b"x" * 2**20, b"x" * 4096):
            try:
                while True:
                    filler.write(piece)
            except OSError:
                continue


def _event(number: int) -> Any:
    return {"type": "tick", "key": f"tick:{number}"}


def _waiting(store: Store) -> int:
    """How many events the lane holds; -1 if the store does not answer."""
    try:
        return store.waiting("gitea-1")
    except Unavailable:
        return -1


def _answers(store: Store) -> bool:
    """Whether it takes a heartbeat, as those of the bot's processes."""
    try:
        store.alive("attack")
        return True
    except Unavailable:
        return False


def _until(supervisor: Supervisor, look: Callable[[], bool]) -> bool:
    """Whether it comes true in time, while the supervisor does its work."""
    deadline = monotonic() + _WAIT_S
    while monotonic() < deadline:
        supervisor.look()
        if look():
            return True
        sleep(0.1)
    return False


@dataclass
class _Pauses:
    """How long the store was down each time before it was started again."""

    seconds: list[float] = field(default_factory=list)
    since: float | None = None

    def are_enough(self) -> bool:
        return len(self.seconds) >= 4 or sum(self.seconds) > _PAUSES_S

    def ended(self, _words: str) -> None:
        self.since = monotonic()

    def started(self) -> None:
        if self.since is not None:
            self.seconds.append(monotonic() - self.since)


class _Silent:
    """A watcher that does nothing."""

    def started(self, pid: int) -> None:
        return

    def heartbeat(self, last_sign_at: str) -> None:
        return

    def may_go_on(self) -> bool:
        return True

    def output(self, line: str) -> None:
        return

    def pushing(self, commit: str, partial: bool = False) -> None:
        return


KIND = Kind(
    "disk",
    "agents and leftovers that fill the disk",
    play,
    (
        Defence(
            "a run ends when the reserve is touched",
            "shell/agent/reserve_watch.py",
            "if shortage := self.reserve.shortage():",
            "if shortage := None:",
        ),
        Defence(
            "leftovers are removed before the store starts",
            "bot/cli/supervise.py",
            "if self.before:",
            "if False:",
        ),
        Defence(
            "what dies at once is restarted with pauses",
            "bot/cli/supervise.py",
            "self.process, self.due = None, now + self.delay",
            "self.process, self.due = None, now",
        ),
    ),
    _cannot,
)
