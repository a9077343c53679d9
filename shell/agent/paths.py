"""The paths of an agent's run on this machine, all below CALORON_HOME."""

import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from shell import env_file
from shell.agent.egress.hosts import Operator
from shell.agent.limits import Limits

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

    @property
    def folder(self) -> Path:
        """The files of the repository: what the agent works in."""
        return self.root / "files"

    @property
    def home(self) -> Path:
        """The agent's home folder."""
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

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

    def make(self) -> None:
        """Create the folders, empty."""
        remove_folder(self.root)
        for folder in (self.folder, self.home, self.temporary, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        remove_folder(self.root)


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

    @property
    def root(self) -> Path:
        """Absolute: git and the agents have other current folders than we."""
        return self.home.absolute()

    def repository(self, lane: str) -> Path:
        return self.root / "git" / f"{_checked(lane)}.git"

    def attempt(self, spec: Mapping[str, Any]) -> Attempt:
        sprint, task, number = _checked(spec["sprint_id"]), _checked(spec["task_id"]), int(spec["attempt"])
        work = self.root / "work" / _checked(spec["lane"]) / sprint / task / str(number)
        return Attempt(work, self.root / "logs" / "agents" / sprint / f"{task}-{number}.log")

    @property
    def stub_state(self) -> Path:
        """Where the stub counts the uses of its recorded answers."""
        return self.root / "stub"


def remove_folder(folder: Path) -> None:
    """Remove it, even where an agent removed permissions."""
    if not folder.exists():
        return
    for path, folders, _ in os.walk(folder):
        for name in folders:
            if not os.path.islink(inner := os.path.join(path, name)):
                os.chmod(inner, 0o700)
    shutil.rmtree(folder)


def remove_old_files(paths: Paths, older_than_s: float, logs_older_than_s: float = 30 * 86400) -> list[Path]:
    """Remove old logs, and the folders of attempts that ended without cleanup (a crash)."""
    now = time.time()
    folders = _old(paths.root.glob("work/*/*/*/*"), now - older_than_s)
    logs = _old(paths.root.glob("logs/agents/*/*.log"), now - logs_older_than_s)
    for folder in folders:
        remove_folder(folder)
    for log in logs:
        log.unlink()
    return folders + logs


def _old(paths: Iterable[Path], before: float) -> list[Path]:
    return [path for path in paths if path.lstat().st_mtime < before]
