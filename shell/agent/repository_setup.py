"""The repository's own setup (`agents.setup`): run once for its commands and files, given to runs as a copy.

It is made in a run of its own, on the base commit, before any agent. What it leaves in its home, and what git
ignores in its folder, is kept in CALORON_HOME, where no agent sees it.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from shell.agent.commands import Commands, output_of
from shell.agent.outcome import AttemptEnded
from shell.agent.remove import remove_folder
from shell.agent.repository import Repository
from shell.agent.start import fill
from shell.agent.tree import all_ignored, blobs

if TYPE_CHECKING:
    from stages.world import Outcome

_LIMIT_S = 1800.0
"""For all commands together."""
_TAIL = 2000
_LOOK_S = 0.2
_MOST_PATHS = 5_000
"""That git ignores apart from each other; a folder whose files are all ignored is one path."""
_LONGEST_PATHS = 500_000
"""Characters of all of them: they are arguments of one command."""
_MANIFESTS = frozenset(
    """package.json package-lock.json npm-shrinkwrap.json yarn.lock .yarnrc.yml pnpm-lock.yaml pnpm-
    workspace.yaml bun.lock bun.lockb deno.json deno.lock pyproject.toml setup.py setup.cfg Pipfile
    Pipfile.lock poetry.lock uv.lock pdm.lock environment.yml Cargo.toml Cargo.lock go.mod go.sum go.work
    Gemfile Gemfile.lock composer.json composer.lock pom.xml build.gradle build.gradle.kts gradle.lockfile
    settings.gradle settings.gradle.kts libs.versions.toml mix.exs mix.lock pubspec.yaml pubspec.lock
    Makefile GNUmakefile makefile justfile Taskfile.yml packages.lock.json global.json .tool-versions
    .nvmrc .node-version .python-version .ruby-version rust-toolchain rust-toolchain.toml""".split()
)
"""Files by which package managers, and commands such as `make deps`, decide what to install."""
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
        """The same for the same commands and files: manifests, lock files, and what the commands name.

        Of a folder that they name all its files count.
        """
        if not self.steps:
            return ""
        named = {word.removeprefix("./").rstrip("/") for step in self.steps for word in _WORD.findall(step)}
        files = [
            [path, blob]
            for path, blob in blobs(self.repository.git, tree)
            if _counts(path) or not named.isdisjoint([path, *map(str, PurePosixPath(path).parents)])
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
            paths = json.loads((place / "paths.json").read_text())
            self._copy(place / "files", [path for path in paths if _is_free(folder, path)], folder)
            if home is not None:
                self._copy(place / "home", os.listdir(place / "home"), home)

    def run_in(self, folder: Path, home: Path, limit_s: float = _LIMIT_S) -> tuple[str, str] | None:
        """Run it where it has not been run; the first command that failed, with its output."""
        until = time.monotonic() + min(limit_s, _LIMIT_S)
        for step in self.steps:
            ended = self.commands.run(step, max(until - time.monotonic(), 1.0), folder, home)
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
            self._keep(place, files, home, sorted(filter(_is_kept, all_ignored(git, files, index))))
        finally:
            remove_folder(work)

    def _keep(self, place: Path, files: Path, home: Path, paths: list[str]) -> None:
        """Whole or not at all: the list of paths is written last."""
        if len(paths) > _MOST_PATHS or sum(map(len, paths)) > _LONGEST_PATHS:
            raise AttemptEnded("no_setup", _TOO_MANY.format(len(paths)))
        remove_folder(place)
        try:
            for name in ("files", "home"):
                (place / name).mkdir(parents=True)
            self._copy(files, paths, place / "files")
            self._copy(home, os.listdir(home), place / "home")
            (place / "paths.json").write_text(json.dumps(paths))
        except BaseException:
            remove_folder(place)
            raise

    def _copy(self, source: Path, paths: list[str], to: Path) -> None:
        """Copy these paths with owners, modes and links, all at once: what is linked is copied once.

        File systems that can share the blocks do so. AttemptEnded where they do not fit, or the run must end.
        """
        if not paths:
            return
        command = ["cp", "-a", "--reflink=auto", "--parents", "--", *(f"./{path}" for path in paths), str(to)]
        with tempfile.TemporaryFile() as errors:
            copying = subprocess.Popen(command, cwd=source, stdin=subprocess.DEVNULL, stderr=errors)
            try:
                while copying.poll() is None:
                    self._go_on()
                    time.sleep(_LOOK_S)
            finally:
                copying.kill()
                copying.wait()
            errors.seek(0)
            problem = errors.read()[-300:].decode(errors="replace").strip()
        if copying.returncode:
            outcome: Outcome = "limit" if os.strerror(errno.ENOSPC) in problem else "failed"
            raise AttemptEnded(outcome, f"The repository's setup could not be copied: {problem}")

    def _go_on(self) -> None:
        if not self.waits():
            raise AttemptEnded("stopped", "The run was stopped while its setup was copied.")
        if shortage := self.commands.paths.reserve.shortage():
            raise AttemptEnded("limit", f"The repository's setup could not be copied: {shortage}.")

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


_TOO_MANY = (
    "The repository's setup leaves {} files that git ignores one by one. Have `.gitignore` name the folders "
    "that they are in, or let `agents.setup` make fewer."
)
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


def _is_kept(path: str) -> bool:
    """What Python compiles again by itself is not worth a path of its own."""
    return bool(path) and "__pycache__" not in path.split("/") and not path.endswith(".pyc")


def _is_free(folder: Path, path: str) -> bool:
    """Nothing is there yet, and no link is on the way, for the branch may have any."""
    *above, _ = PurePosixPath(path).parts
    for part in above:
        folder = folder / part
        if folder.is_symlink() or not folder.is_dir():
            return False
    return not os.path.lexists(folder / PurePosixPath(path).name)
