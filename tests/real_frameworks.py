"""The real agents for the tests: installed once by what `caloron agents setup` calls, then kept in the cache.

`python -m tests.real_frameworks install` installs what is missing.
"""

import hashlib
import ipaddress
import os
import socket
import sys
import tempfile
from pathlib import Path

from shell.agent import setup
from shell.agent.egress.hosts import REGISTRIES, Operator, Pair
from shell.agent.frameworks import FRAMEWORKS, FrameworkError
from shell.agent.paths import Paths
from shell.agent.trial import find_sandbox

_LOCKS = Path(setup.__file__).parent / "locks"
WALLS = find_sandbox(os.environ["PATH"])
_CONNECT_S = 10.0


def cache() -> Path:
    """Where everything is kept that the tests' tools install."""
    named = os.environ.get("CALORON_TOOLS")
    beside = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "caloron-tools"
    return Path(named) if named else beside


def kept(name: str) -> Path:
    """The home in whose `frameworks` this framework is installed: another lock or Python has another one."""
    told = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for file in sorted((_LOCKS / name).iterdir()):
        told.update(file.read_bytes())
    return cache() / "frameworks" / f"{name}-{told.hexdigest()[:12]}"


def installed(name: str) -> Path | None:
    """The framework's folder in the cache, if it is there."""
    folder = kept(name) / "frameworks" / name
    return folder if (folder / FRAMEWORKS[name].installed_at).is_file() else None


def install() -> None:
    """Install each framework that is missing; one that cannot be had here is named with the reason."""
    for name in filter(lambda name: installed(name) is None, setup.installable()):
        home = kept(name)
        home.mkdir(parents=True, exist_ok=True)
        hosts = _hosts(name)
        with tempfile.TemporaryDirectory(prefix="caloron-") as person:
            environment = {**os.environ, "HOME": person}
            paths = Paths(home, environment, operator=Operator(named=tuple(filter(_is_private, hosts))))
            if reason := _unsuited(name, paths) or _out_of_reach(hosts):
                print(f"frameworks: {name} is left out: {reason}", file=sys.stderr)
                continue
            _set_up(name, paths)
        print(f"frameworks: {name} is installed in {home}")


def _set_up(name: str, paths: Paths) -> None:
    """A second time where a download broke."""
    try:
        setup.set_up(FRAMEWORKS[name], paths, _Quiet())
    except FrameworkError as error:
        print(f"frameworks: {error} Once more.", file=sys.stderr)
        setup.set_up(FRAMEWORKS[name], paths, _Quiet())


def _hosts(name: str) -> tuple[Pair, ...]:
    if (_LOCKS / name / "package.json").is_file():
        return (("registry.npmjs.org", 443),)
    return REGISTRIES["PyPI"]


def _unsuited(name: str, paths: Paths) -> str | None:
    """Why this machine cannot install or run it."""
    if not WALLS.works:
        return WALLS.statement
    try:
        setup._command(FRAMEWORKS[name], _LOCKS / name, paths)
    except FrameworkError as error:
        return str(error)
    return None


def _out_of_reach(hosts: tuple[Pair, ...]) -> str | None:
    for host, port in hosts:
        try:
            socket.create_connection((host, port), _CONNECT_S).close()
        except OSError as error:
            return f"{host} is out of reach ({error})"
    return None


def _is_private(pair: Pair) -> bool:
    """Whether a mirror of this network stands in for the host; agents reach one only where it is named."""
    try:
        found = {row[4][0] for row in socket.getaddrinfo(*pair, type=socket.SOCK_STREAM)}
    except OSError:
        return False  # it has no address: it is out of reach
    return not all(ipaddress.ip_address(address).is_global for address in found)


class _Quiet:
    """Shows nothing: where it fails, the reason is in the error."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool:
        return True

    def output(self, line: str) -> None: ...

    def pushing(self, commit: str, partial: bool = False) -> None: ...


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit(__doc__)
    try:
        install()
    except FrameworkError as error:
        sys.exit(f"frameworks: {error}")
