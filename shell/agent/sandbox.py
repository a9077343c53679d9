"""The sandbox around an agent: bubblewrap where it works, a plain statement where it does not."""

import functools
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_HIDDEN = ("/home", "/root", "/run", "/tmp", "/var/tmp", "/mnt", "/media", "/srv")


@dataclass(frozen=True)
class Sandbox:
    """Whether agents are isolated here; `statement` is what `doctor` says of it."""

    program: str | None
    statement: str


@dataclass(frozen=True)
class Mounts:
    """The files that the agent sees beside the system's own: `writable` and `readable`."""

    folder: Path
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    at: Mapping[Path, Path] = field(default_factory=dict)
    """Configuration mounted elsewhere: path inside the sandbox -> file or folder outside."""


@functools.cache
def find_sandbox(path: str | None = None) -> Sandbox:
    """Look for bubblewrap on `path` (this process's own if not given) and try it, once."""
    program = shutil.which("bwrap", path=path)
    if program is None:
        return Sandbox(None, f"{_BARE} To change that, install bubblewrap (the package `bubblewrap`).")
    try:
        trial = ("--ro-bind", "/", "/", "--unshare-all", "--proc", "/proc", "--dev", "/dev", "--", "true")
        tried = subprocess.run([program, *trial], capture_output=True, text=True, timeout=10, check=False)
        reason = tried.stderr.strip().splitlines()[-1:] if tried.returncode else []
        works = tried.returncode == 0
    except (OSError, subprocess.TimeoutExpired) as error:
        works, reason = False, [str(error)]
    if works:
        return Sandbox(program, "Agents run in a sandbox (bubblewrap): they see their folder, not your home.")
    return Sandbox(
        None, f"{_BARE} bubblewrap is installed but does not work: {' '.join(reason) or 'no reason given'}."
    )


_BARE = "Agents are not isolated: they run as this user and can read what it can read."


def wrap(sandbox: Sandbox, mounts: Mounts, command: list[str]) -> list[str]:
    """The command as it is run: in the sandbox, if there is one."""
    if sandbox.program is None:
        return command
    return [sandbox.program, *_bwrap_options(mounts, command[0]), "--", *command]


def _bwrap_options(mounts: Mounts, program: str) -> list[str]:
    base = ["--die-with-parent", "--unshare-all", "--share-net", "--ro-bind", "/", "/"]
    base += ["--dev", "/dev", "--proc", "/proc"]
    hidden = [Path(path) for path in _HIDDEN if os.path.isdir(path)] + [
        p for p in mounts.hidden if p.is_dir()
    ]
    base += [word for path in hidden for word in ("--tmpfs", str(path))]
    base += ["--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"]
    seen = [path for path in (*_program_folders(program), *mounts.readable) if _is_under(path, hidden)]
    base += [word for path in seen for word in ("--ro-bind-try", str(path), str(path))]
    base += [word for path in (mounts.folder, *mounts.writable) for word in ("--bind", str(path), str(path))]
    base += [word for inner, outer in mounts.at.items() for word in ("--bind", str(outer), str(inner))]
    return [*base, "--chdir", str(mounts.folder)]


def _is_under(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _program_folders(program: str) -> list[Path]:
    """The program's folder, by its name and with links resolved, each with the lib folder beside it."""
    named, real = Path(program).absolute(), Path(program).resolve()
    return [folder for path in (named, real) for folder in (path.parent, path.parent.parent / "lib")]
