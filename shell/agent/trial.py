"""Looks for bubblewrap and tries it: what it should wall off is attempted from inside, once a process."""

import contextlib
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from shell.agent.frameworks import FRAMEWORKS
from shell.agent.limits import Limits
from shell.agent.paths import SandboxMode
from shell.agent.sandbox import (
    AGENT_USER,
    NO_WALLS_NO_RUN,
    OFF,
    Mounts,
    Sandbox,
    hand_over,
    made_up_etc,
    wrap,
)
from shell.agent.seen import seen

_PROBE = Path(__file__).resolve().parent / "probe.py"
_OLDEST = (0, 8)
_TIME_S = 20.0


@functools.cache
def find_sandbox(path: str | None = None) -> Sandbox:
    """Look for bubblewrap on `path` (this process's own if not given) and try it, once."""
    program = shutil.which("bwrap", path=path)
    if program is None:
        return _none("bubblewrap is not installed; install it (the package `bubblewrap`).")
    missing = [name for name in ("prlimit", "setpriv") if not shutil.which(name, path=_SYSTEM_PATH)]
    if missing:
        return _none(f"{' and '.join(missing)} is not installed; install it (the package `util-linux`).")
    user = AGENT_USER if os.geteuid() == 0 else None
    found = Sandbox(program, _GOOD, user)
    try:
        if problem := _too_old(program) or _tried(found):
            return _none(problem)
    except (OSError, subprocess.TimeoutExpired) as error:
        return _none(f"bubblewrap could not be tried: {error}.")
    return found


@dataclass(frozen=True)
class Stance:
    """How agents run here, as `up`, `doctor`, `/readyz` and the board say it."""

    state: Literal["walled", "bare", "recorded", "refused", "off"]
    """Behind walls; without, as allowed; only recorded answers, without; none is started; walls are off."""
    words: str


def stance(mode: SandboxMode, framework: str, path: str | None = None) -> Stance:
    """What holds here for runs of this framework; the walls are tried, unless they are off."""
    if mode == "off":
        return Stance("off", OFF.statement)
    found = find_sandbox(os.environ.get("PATH", "") if path is None else path)
    if found.works:
        return Stance("walled", found.statement)
    if mode == "preferred":
        more = "CALORON_SANDBOX is `preferred`: agents run as this user and can read and write what it can."
        return Stance("bare", f"{found.statement} {more}")
    if FRAMEWORKS[framework].replays:
        return Stance(
            "recorded", f"{found.statement} Recorded answers need none; other agents are not started."
        )
    return Stance("refused", f"{found.statement} {NO_WALLS_NO_RUN}")


_SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
_GOOD = (
    "Agents run behind walls (bubblewrap): they see their folder and this machine's programs, and "
    "have neither rights nor a network of their own."
)


def _none(problem: str) -> Sandbox:
    return Sandbox(None, f"There are no walls around agents here: {problem}")


def _too_old(program: str) -> str | None:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, check=False)
    version = re.search(r"(\d+)\.(\d+)", told.stdout)
    if version is None:
        return f"{program} does not tell its version, so it is not bubblewrap."
    if (int(version[1]), int(version[2])) < _OLDEST:
        return f"bubblewrap is {version[0]}, and 0.8 or newer is needed; update it."
    return None


def _tried(sandbox: Sandbox) -> str | None:
    """Why it is of no use; None if it held."""
    with tempfile.TemporaryDirectory(prefix="caloron-trial-") as name:
        folder = Path(name).resolve()
        with _outside(folder) as wanted:
            return _probed(sandbox, folder, wanted)


_PRIVATE = (".ssh", ".claude", ".claude.json", ".bash_history", ".netrc", ".gitconfig", ".aws", ".config/gh")


@contextlib.contextmanager
def _outside(folder: Path) -> Iterator[dict[str, Any]]:
    """What must not be reached from inside: files, sockets and a port of this machine."""
    outside = folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    with (
        _listening(socket.AF_UNIX, str(outside / "socket")),
        _listening(socket.AF_UNIX, f"\0caloron-trial-{folder.name}") as abstract,
        _listening(socket.AF_INET, ("127.0.0.1", 0)) as port,
    ):
        yield {
            "secret": str(outside / "secret"),
            "private": [str(Path.home() / name) for name in _PRIVATE] + [str(Path.cwd() / ".env")],
            "outside": str(outside),
            "socket": str(outside / "socket"),
            "abstract": abstract.getsockname()[1:].decode(),
            "port": port.getsockname()[1],
        }


@contextlib.contextmanager
def _listening(family: int, address: Any) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        yield server


def _probed(sandbox: Sandbox, folder: Path, wanted: dict[str, Any]) -> str | None:
    work = folder / "work"
    work.mkdir()
    python = Path(sys.executable)
    shown = seen([python], "", [Path.home(), Path.cwd(), folder])
    etc = made_up_etc(folder / "etc", work, sandbox.user)
    mounts = Mounts(work, shown, readable=(_PROBE,), at=etc)
    hand_over(sandbox, [work])
    limits = replace(Limits(), processes=64)
    command = [str(python), "-I", "-S", str(_PROBE), json.dumps(wanted)]
    done = subprocess.run(
        wrap(sandbox, mounts, command, limits),
        capture_output=True,
        text=True,
        timeout=_TIME_S,
        cwd=work,
        check=False,
    )
    if done.returncode or not (work / "here").is_file():
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        return f"bubblewrap is installed but does not work here ({last or 'no reason given'})."
    passed = json.loads(done.stdout)
    return f"bubblewrap let an agent {', '.join(passed)}." if passed else None
