"""`caloron agents setup`: installs a framework into CALORON_HOME, behind walls, from its lock file.

Every file is checked against the hash in the lock, and no install script of a package runs. The installer
sees no secret of the bot, and of the network only the package registries.
"""

import fcntl
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shell.agent.egress.hosts import REGISTRIES, Rules
from shell.agent.frameworks import Framework, FrameworkError
from shell.agent.harness import Watcher
from shell.agent.paths import Paths
from shell.agent.prepare import find_walls
from shell.agent.remove import remove_folder
from shell.agent.sandbox import Sandbox, hand_over
from shell.agent.walled import Place, run_walled

_LOCKS = Path(__file__).resolve().parent / "locks"
_TIME_LIMIT_S = 1800.0
_NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
_PIP = (
    '"$1" -m venv venv && venv/bin/python -m pip install --disable-pip-version-check --no-input '
    "--progress-bar off --require-hashes --only-binary :all: -r requirements.txt"
)
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def installable() -> list[str]:
    """The frameworks that have a lock file."""
    return sorted(folder.name for folder in _LOCKS.iterdir())


def version(name: str) -> str:
    """The version that the lock of a framework names."""
    package = _LOCKS / name / "package.json"
    if package.is_file():
        wanted: dict[str, str] = json.loads(package.read_text())["dependencies"]
        return next(found for package, found in wanted.items() if not package.startswith("node-"))
    rows = (_LOCKS / name / "requirements.txt").read_text().splitlines()
    return next(row.partition("==")[2].split()[0] for row in rows if row.startswith(name))


def set_up(framework: Framework, paths: Paths, watcher: Watcher) -> Path:
    """Install it, in place of what is there; returns its program. FrameworkError says what to do instead."""
    lock = _LOCKS / framework.name
    if not lock.is_dir():
        raise FrameworkError(f"{framework.name} cannot be set up by this command: {framework.install}.")
    command = _command(framework, lock, paths)
    target = paths.installed(framework.name)
    work = target.parent / f".{framework.name}.work"
    with _alone(target.parent):
        return _install(framework, command, paths, watcher, target, work, lock)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other installation goes on meanwhile; the lock ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise FrameworkError("Another `caloron agents setup` is running; wait until it has ended.") from None
    finally:
        os.close(held)


def _install(
    framework: Framework,
    command: list[str],
    paths: Paths,
    watcher: Watcher,
    target: Path,
    work: Path,
    lock: Path,
) -> Path:
    _begin(target, work, lock)
    try:
        sandbox = find_walls(paths)
        ended = run_walled(
            command,
            Place(work, target, work / "home", work / "log", environment=_trust()),
            paths,
            sandbox,
            Rules(tuple(one for row in REGISTRIES.values() for one in row), paths.operator),
            watcher,
            _TIME_LIMIT_S,
        )
        if ended.how != "ended" or ended.status:
            raise FrameworkError(f"{framework.name} could not be installed: {_why(ended.tail, ended.limit)}")
        if not (program := target / framework.installed_at).is_file():
            raise FrameworkError(f"{framework.name} was installed, but has no {framework.installed_at}.")
        _take_over(target)
        remove_folder(work / "before")
    except BaseException:
        _put_back(target, work)
        raise
    finally:
        remove_folder(work)
    return program


def _command(framework: Framework, lock: Path, paths: Paths) -> list[str]:
    """FrameworkError where this machine cannot run it, or lacks the installer."""
    if platform.machine() != "x86_64":
        raise FrameworkError(
            f"The lock files are for x86-64 Linux, and this is {platform.machine()}. Install "
            f"`{framework.program}` yourself where it is on the PATH of `caloron up`."
        )
    if (lock / "package.json").is_file():
        if shutil.which("npm", path=paths.environment.get("PATH", "")) is None:
            raise FrameworkError(
                "`npm` is not on PATH; install it (Debian: `apt install npm`) and try again."
            )
        return list(_NPM)
    if sys.version_info >= (3, 13):
        raise FrameworkError(f"{framework.name} needs Python 3.11 or 3.12; run the bot with one of them.")
    return ["/bin/sh", "-c", _PIP, "install", sys.executable]


def _begin(target: Path, work: Path, lock: Path) -> None:
    """An empty target with the lock in it; what was there waits in `work`."""
    if (work / "before").exists():  # an installation that was killed
        _put_back(target, work)
    remove_folder(work)
    (work / "home").mkdir(parents=True)
    if target.exists():
        target.rename(work / "before")
    target.mkdir()
    for file in lock.iterdir():
        shutil.copyfile(file, target / file.name)


def _put_back(target: Path, work: Path) -> None:
    remove_folder(target)
    if (work / "before").exists():
        (work / "before").rename(target)


def _take_over(target: Path) -> None:
    """Its files belong to us again, so that no agent can change them."""
    hand_over(Sandbox(None, "", os.getuid()), [target])


def _trust() -> dict[str, str]:
    """The machine's own certificate authorities, which node does not read by itself."""
    return {"NODE_EXTRA_CA_CERTS": _AUTHORITIES} if os.path.isfile(_AUTHORITIES) else {}


def _why(tail: str, limit: str) -> str:
    return limit or " ".join(tail.splitlines()[-5:])[-600:] or "the installer said nothing"
