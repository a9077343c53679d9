"""The paths of an agent's run on this machine, all below CALORON_HOME."""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shell import env_file
from shell.agent.egress.hosts import Operator
from shell.agent.limits import Limits
from shell.agent.remove import remove_folder
from shell.disk import ATTEMPTS, Reserve
from shell.run_log import log_of

SandboxMode = Literal["required", "preferred", "off"]
"""Whether an agent runs only behind walls, behind them where they can be had, or never."""
_NAME = re.compile(r"[a-z0-9_-]{1,64}")


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a valid id (a-z, 0-9, - and _, at most 64 characters)")
    return name


@dataclass(frozen=True)
class Attempt:
    """The folders and files of one attempt; all but the log are removed with it."""

    root: Path
    log: Path
    kept: Path | None = None
    """Where the runs of its task keep what the next one goes on with."""

    @property
    def space(self) -> Path:
        """What the agent may fill; where the bot may mount one, a disk of its own."""
        return self.root / "space"

    @property
    def image(self) -> Path:
        """That disk, as a file."""
        return self.root / "disk.img"

    @property
    def folder(self) -> Path:
        """The files of the repository: what the agent works in."""
        return self.space / "files"

    @property
    def home(self) -> Path:
        """The agent's home folder."""
        return self.space / "home"

    @property
    def temporary(self) -> Path:
        return self.space / "tmp"

    @property
    def prompt(self) -> Path:
        return self.root / "prompt.txt"

    @property
    def egress(self) -> Path:
        """Where the egress proxy has its socket until the agent has begun."""
        return self.root / "egress"

    @property
    def index(self) -> Path:
        """Our own index of the folder; the agent's is never read."""
        return self.root / "index"

    @property
    def started_from(self) -> Path:
        """Which commits and tree it started from: with that, its work can be kept if it is killed."""
        return self.root / "start.json"

    @property
    def _left_here(self) -> Path:
        return self.root / "left"

    @property
    def about_kept(self) -> Path:
        """There once the files are to be kept for the next run: which session it can go on with."""
        return self.root / "kept.json"

    @contextmanager
    def held(self, at_the_end: "Callable[[Attempt], None]" = lambda attempt: None) -> Iterator[None]:
        """While the block runs, the folder is in use, by a lock that ends with its process.

        `at_the_end` takes what is to be kept of it.
        """
        remove_folder(self.root)
        self.root.mkdir(parents=True)
        folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            try:
                if not self._left_here.is_file():
                    at_the_end(self)
                    remove_folder(self.root)
            finally:
                os.close(folder)  # last: a run that waits for this one must not find half of its files

    def note(self, line: str) -> None:
        """Write a line of the bot's own into the run's log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def leave(self) -> None:
        """Keep the folder, for the run that comes next."""
        self._left_here.touch()

    def make(self) -> None:
        """Create the folders, empty."""
        self.folder.mkdir(parents=True)
        for folder in (self.home, self.temporary, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)


def operator_environment() -> dict[str, str]:
    """The environment, and below it the file of settings."""
    return env_file.read(os.environ) | {name: text for name, text in os.environ.items() if text}


@dataclass(frozen=True)
class Paths:
    """`home` is CALORON_HOME; what an agent may see is taken from `environment`, by an allow-list."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=operator_environment, repr=False)
    sandbox: SandboxMode = "required"
    limits: Limits = field(default_factory=Limits)
    operator: Operator = field(default_factory=Operator)
    """What the operator adds to the network of agents, and what of the bot is never part of it."""
    agent_env: tuple[str, ...] = ()
    """The names of variables that the operator lets repositories hand to their agents."""
    reserve: Reserve = field(default_factory=Reserve)
    own_disks: bool = False
    """Whether this process may mount a disk for its run, because nobody else sees its mounts."""

    @property
    def root(self) -> Path:
        """Absolute: git and the agents have other current folders than we."""
        return self.home.absolute()

    def repository(self, lane: str) -> Path:
        return self.root / "git" / f"{_checked(lane)}.git"

    def attempt(self, spec: Mapping[str, Any]) -> Attempt:
        sprint, task, number = _checked(spec["sprint_id"]), _checked(spec["task_id"]), int(spec["attempt"])
        work = self.root / ATTEMPTS / _checked(spec["lane"]) / sprint / task / str(number)
        kept = self.root / "kept" / _checked(spec["lane"]) / sprint / task
        return Attempt(work, log_of(self.root, sprint, task, number), kept)

    def setups(self, lane: str) -> Path:
        """Where the setups of a repository are kept."""
        return self.root / "setups" / _checked(lane)

    def installed(self, framework: str) -> Path:
        """Where `caloron agents setup` puts this framework."""
        return self.root / "frameworks" / _checked(framework)

    @property
    def stub_state(self) -> Path:
        """Where the stub counts the uses of its recorded answers."""
        return self.root / "stub"


LOGS_BYTES = 2**30
"""All agents' logs together; beyond that the oldest are removed."""
_LOG_DAYS = 30
_JUST_MADE_S = 60.0
KEPT_S, _MOST_KEPT = 3 * 24 * 3600.0, 20
"""How long a task's home and session wait for its next run, and of how many tasks at most."""
SETUP_S, _MOST_SETUPS = 7 * 24 * 3600.0, 5
"""After how long a repository's setup is made again, and how many of one repository may be."""
_TO_GO_ON_S = 3600.0
"""For so long a killed run's files wait for the next run of its task to keep its work."""


def remove_dead_attempts(paths: Paths, made_before_s: float = _JUST_MADE_S) -> list[Path]:
    """Remove the folders of attempts whose process is gone: each attempt begins with a new one."""
    before = time.time() - made_before_s
    dead = [folder for folder in _attempts(paths) if _made(folder) < before and not is_in_use(folder)]
    if not paths.reserve.shortage():
        dead = [folder for folder in dead if not _has_work(folder)]
    for folder in dead:
        remove_folder(folder)
    _remove_kept(paths)
    _remove_setups(paths)
    return dead


def _remove_kept(paths: Paths) -> None:
    """Remove what waits for next runs: what is old, more than may wait, and all where room is needed."""
    newest = sorted(paths.root.glob("kept/*/*/*"), key=_made, reverse=True)
    before = time.time() - KEPT_S
    wanted = [] if paths.reserve.shortage() else [one for one in newest[:_MOST_KEPT] if _made(one) > before]
    for kept in newest:
        if kept not in wanted:
            remove_folder(kept)


def _remove_setups(paths: Paths) -> None:
    """Remove setups that were made long ago, or are more than may be, and all where room is needed."""
    before = time.time() - SETUP_S
    for lane in paths.root.glob("setups/*"):
        newest = sorted(filter(Path.is_dir, lane.iterdir()), key=_made, reverse=True)
        for place, setup in enumerate(newest):
            if paths.reserve.shortage() or place >= _MOST_SETUPS or _made(setup) < before:
                _remove_unlocked(setup)


def _remove_unlocked(place: Path) -> None:
    lock = os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove_folder(place)
    except BlockingIOError:
        return  # a run is making it, or copies it
    finally:
        os.close(lock)


def make_room(paths: Paths, made_before_s: float = _JUST_MADE_S) -> None:
    """Remove dead attempts, and where that is not enough our copies of repositories, while no run uses them.

    A copy is fetched again when it is needed.
    """
    remove_dead_attempts(paths, made_before_s)
    if paths.reserve.shortage() and not any(_attempts(paths)):
        for copy in (paths.root / "git").glob("*.git"):
            remove_folder(copy)


def remove_old_logs(paths: Paths, most: int = LOGS_BYTES) -> list[Path]:
    """Remove agents' logs that are old, or more than all of them may take."""
    newest = sorted(paths.root.glob("logs/agents/*/*.log"), key=_made, reverse=True)
    before, taken, removed = time.time() - _LOG_DAYS * 86400, 0, []
    for log in newest:
        taken += log.lstat().st_size
        if taken > most or _made(log) < before:
            log.unlink()
            removed.append(log)
    return removed


def _attempts(paths: Paths) -> Iterable[Path]:
    return paths.root.glob(f"{ATTEMPTS}/*/*/*/*")


def _made(path: Path) -> float:
    """When it was last changed; of what a run has moved away meanwhile: just now."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return time.time()


def _has_work(folder: Path) -> bool:
    """Whether the next run of its task may still come and keep what it had done."""
    kept = Attempt(folder, folder).started_from
    return kept.is_file() and _made(kept) > time.time() - _TO_GO_ON_S


def is_in_use(folder: Path) -> bool:
    """Whether the process of this attempt is alive."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False
