"""The repository's own setup (`agents.setup`): run once for its commands and files, given to runs as a copy.

It is made in a run of its own, on the base commit, before any agent. What it leaves in its home, and what git
ignores in its folder, is kept in CALORON_HOME, where no agent sees it.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shell.agent.commands import Commands, output_of
from shell.agent.outcome import AttemptEnded
from shell.agent.remove import remove_folder
from shell.agent.repository import Repository
from shell.agent.start import fill
from shell.agent.tree import all_ignored, blobs

_COMMAND_S = 1800.0
_TAIL = 2000
_LOOK_S = 1.0
_MANIFESTS = frozenset(
    """package.json package-lock.json npm-shrinkwrap.json yarn.lock .yarnrc.yml pnpm-lock.yaml
    pnpm-workspace.yaml bun.lock bun.lockb deno.json deno.lock pyproject.toml setup.py setup.cfg Pipfile
    Pipfile.lock poetry.lock uv.lock pdm.lock environment.yml Cargo.toml Cargo.lock go.mod go.sum go.work
    Gemfile Gemfile.lock composer.json composer.lock pom.xml build.gradle build.gradle.kts gradle.lockfile
    settings.gradle settings.gradle.kts libs.versions.toml mix.exs mix.lock pubspec.yaml pubspec.lock
    packages.lock.json global.json .tool-versions .nvmrc .node-version .python-version .ruby-version
    rust-toolchain rust-toolchain.toml""".split()
)
"""Files by which package managers decide what to install."""
_REQUIREMENTS = re.compile(r"(?:requirements|constraints)[^/]*\.(?:txt|in)")
_WORD = re.compile(r"[\w./@+-]+")


@dataclass(frozen=True)
class RepositorySetup:
    """The setup of one run's repository."""

    commands: Commands
    repository: Repository
    waits: Callable[[], bool]
    """Asked while another run makes the same setup; whether to go on waiting."""

    @property
    def steps(self) -> list[str]:
        """In order; none where the repository names none."""
        return list(self.commands.spec.get("setup") or [])

    def key(self, tree: str) -> str:
        """The same for the same commands and files: manifests, lock files, and what the commands name."""
        if not self.steps:
            return ""
        named = {word.removeprefix("./") for step in self.steps for word in _WORD.findall(step)}
        files = [
            [path, blob] for path, blob in blobs(self.repository.git, tree) if path in named or _counts(path)
        ]
        return hashlib.sha256(json.dumps([self.steps, files]).encode()).hexdigest()[:32]

    def give(self, commit: str, folder: Path, home: Path | None) -> None:
        """Copy what the setup of this commit left into a fresh folder, and into a fresh home.

        It is made first where nobody has. AttemptEnded if a command of it fails.
        """
        if not self.steps:
            return
        with self._held(self.key(commit)) as place:
            if not (place / "paths.json").is_file():
                self._make(place, commit)
            os.utime(place / "paths.json")
            _copy(place, folder, home)

    def run_in(self, folder: Path, home: Path) -> tuple[str, str] | None:
        """Run it where it has not been run; the first command that failed, with its output."""
        for step in self.steps:
            ended = self.commands.run(step, _COMMAND_S, folder, home)
            if ended.how != "ended" or ended.status:
                return step, output_of(ended, _TAIL)
        return None

    def _make(self, place: Path, commit: str) -> None:
        work = self.commands.attempt.space / "setup"
        remove_folder(work)
        files, home = work / "files", work / "home"
        files.mkdir(parents=True)
        home.mkdir()
        index, git = self.commands.attempt.root / "setup-index", self.repository.git
        fill(self.repository, self.repository.tree_of(commit), commit, files, index, "setup")
        try:
            if (failed := self.run_in(files, home)) is not None:
                raise AttemptEnded("no_setup", _FAILED.format(*failed))
            _keep(place, files, home, sorted(all_ignored(git, files, index)))
        finally:
            remove_folder(work)

    @contextmanager
    def _held(self, key: str) -> Iterator[Path]:
        """The setup's place, for one run at a time; the lock ends with the process."""
        place = self.commands.paths.setups(self.commands.spec["lane"]) / key
        place.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _locked(lock):
                if not self.waits():
                    raise AttemptEnded("stopped", "The run was stopped while it waited for its setup.")
                time.sleep(_LOOK_S)
            yield place
        finally:
            os.close(lock)


_FAILED = (
    "The repository's setup failed (`agents.setup` in .caloron.yml): {0!r} ended with this:\n{1}\n"
    "Fix the command or the base branch, then say `/retry`."
)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _counts(path: str) -> bool:
    name = PurePosixPath(path).name
    return name in _MANIFESTS or _REQUIREMENTS.fullmatch(name) is not None


def _keep(place: Path, files: Path, home: Path, paths: list[str]) -> None:
    """Whole or not at all: the list of paths is written last."""
    remove_folder(place)
    (place / "files").mkdir(parents=True)
    for path in paths:
        (place / "files" / path).parent.mkdir(parents=True, exist_ok=True)
        _clone(files / path, place / "files" / path)
    _clone(home, place / "home")
    (place / "paths.json").write_text(json.dumps(paths))


def _copy(place: Path, folder: Path, home: Path | None) -> None:
    for path in json.loads((place / "paths.json").read_text()):
        if _is_free(folder, path):
            _clone(place / "files" / path, folder / path)
    if home is not None:
        home.rmdir()
        _clone(place / "home", home)


def _is_free(folder: Path, path: str) -> bool:
    """Nothing is there yet, and no link is on the way, for the branch may have any."""
    *above, _ = PurePosixPath(path).parts
    for part in above:
        folder = folder / part
        if folder.is_symlink() or not folder.is_dir():
            return False
    return not os.path.lexists(folder / PurePosixPath(path).name)


def _clone(path: Path, to: Path) -> None:
    """Copy it with owners, modes and links; file systems that can share the blocks do so."""
    done = subprocess.run(
        ["cp", "-a", "--reflink=auto", "--no-target-directory", "--", str(path), str(to)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"the repository's setup could not be copied: {done.stderr.strip()[-300:]}")
