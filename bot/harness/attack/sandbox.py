"""Hostile agents in the sandbox: as root, and as an ordinary user with the system's Python and a venv's."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import shell

from .kind import Arena, Defence, Kind, Tried

_HOSTILE = Path(__file__).with_name("hostile.py")
_SYSTEM_PYTHON = Path("/usr/bin/python3")
_ORDINARY = 64908
"""A uid that nobody has."""
_LIMIT_S = 900


def play(arena: Arena) -> Iterator[Tried]:
    """Every script, as each kind of user that this process can be."""
    if os.geteuid():
        yield from _played("", [sys.executable], arena.folder / "ordinary", arena.short, _rooms())
        return
    yield from _played("as root: ", [sys.executable], arena.folder / "root", arena.short, _rooms())
    with tempfile.TemporaryDirectory(prefix="caloron-hostile-", dir="/var/tmp") as name:
        yield from _ordinary(Path(name), arena.short)


def _ordinary(folder: Path, short: bool) -> Iterator[Tried]:
    """The code is copied to where an ordinary user may read it, and run as one."""
    if not _SYSTEM_PYTHON.exists():
        yield Tried("as an ordinary user", False, f"{_SYSTEM_PYTHON} is needed to play this")
        return
    folder.chmod(0o755)
    rooms = folder / "rooms"
    for room in ("bot", "handlers", "jobs", "compositions", "stages", "shell"):
        shutil.copytree(_rooms() / room, rooms / room, ignore=shutil.ignore_patterns("__pycache__"))
    for package in _packages():
        if package.is_dir():
            shutil.copytree(package, rooms / package.name)
        else:
            shutil.copy(package, rooms)
    shutil.copy(_HOSTILE, rooms)
    venv = folder / "venv"
    subprocess.run([_SYSTEM_PYTHON, "-m", "venv", "--without-pip", venv], check=True)
    subprocess.run(["chmod", "-R", "a+rX", rooms, venv], check=True)
    pythons = {"a venv's Python": venv / "bin/python3", "the system's Python": _SYSTEM_PYTHON}
    for number, (name, python) in enumerate(list(pythons.items())[: 1 if short else None]):
        place = folder / f"place-{number}"
        place.mkdir()
        os.chown(place, _ORDINARY, _ORDINARY)
        become = ["setpriv", f"--reuid={_ORDINARY}", f"--regid={_ORDINARY}", "--clear-groups"]
        yield from _played(f"as a user with {name}: ", [*become, str(python)], place, short, rooms)


def _packages() -> list[Path]:
    """What the script imports that is neither ours nor Python's own."""
    site = sysconfig.get_path("purelib")
    program = (
        "import importlib, json, sys; sys.path.append(sys.argv[1]); importlib.import_module('hostile'); "
        "print(json.dumps([m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)]))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(_HOSTILE.parent)],
        env=os.environ | {"PYTHONPATH": str(_rooms())},
        capture_output=True,
        text=True,
        check=True,
    )
    files = [Path(name) for name in json.loads(done.stdout) if name.startswith(f"{site}{os.sep}")]
    return sorted({Path(site) / file.relative_to(site).parts[0] for file in files})


def _rooms() -> Path:
    return Path(shell.__path__[0]).parent


def _played(who: str, python: list[str], folder: Path, short: bool, rooms: Path) -> Iterator[Tried]:
    folder.mkdir(exist_ok=True)
    script = _HOSTILE if rooms == _rooms() else rooms / _HOSTILE.name
    path = os.environ["PATH"] if python[0] == sys.executable else "/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        [*python, "-P", str(script), json.dumps({"folder": str(folder), "short": short})],
        env={"PATH": path, "HOME": str(folder), "PYTHONPATH": str(rooms), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode:
        yield Tried(f"{who}the attack itself", False, done.stderr[-2000:])
        return
    for line in done.stdout.splitlines():
        name, held, seen = json.loads(line)
        yield Tried(f"{who}{name}", held, seen)


def _cannot() -> str | None:
    if sys.platform != "linux":
        return "agents are walled off on Linux only"
    return None if shutil.which("bwrap") else "bubblewrap is not installed"


KIND = Kind(
    "sandbox",
    "hostile agents: what they see, reach, write, outlive and use up",
    play,
    (
        Defence(
            "no walls, no run",
            "shell/agent/prepare.py",
            'if found.works or paths.sandbox == "preferred" or replays:',
            "if True:",
        ),
        Defence("no network", "shell/agent/sandbox.py", '"--unshare-net", ', ""),
        Defence(
            "another user than root",
            "shell/agent/sandbox.py",
            "if sandbox.user is None:\n        return few",
            "if True:\n        return few",
        ),
        Defence(
            "the operator's home is not seen",
            "shell/agent/prepare.py",
            'private = (Path(machine.get("HOME", "/")), Path.home(), Path.cwd(), paths.root)',
            "private = (Path.cwd(), paths.root)",
        ),
        Defence(
            "a filter of system calls",
            "shell/agent/enter.py",
            "if program := seccomp_filter():",
            "if program := b'':",
        ),
        Defence(
            "files are limited",
            "shell/agent/sandbox.py",
            '"FSIZE": limits.file_bytes, ',
            "",
        ),
        Defence(
            "disk is limited",
            "shell/agent/usage.py",
            "if used > self.limits.disk_bytes:",
            "if False:",
        ),
    ),
    _cannot,
)
