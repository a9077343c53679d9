"""An embedded server for commands that need the store without `up`: the running one, or a new one."""

import fcntl
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import redis

from shell.embedded import arguments
from shell.parent import die_with_parent
from shell.store.connection import connect

_START_S = 10.0
_SOCKET_BYTES = 100


class Held(Exception):
    """Another server runs on this folder, but does not answer at its socket."""


def socket_of(data: Path) -> Path:
    """The socket of this folder's server: inside it, unless that path is too long for a socket."""
    inside = data / "valkey.sock"
    if len(os.fsencode(inside)) <= _SOCKET_BYTES:
        return inside
    short = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"caloron-{os.getuid()}" / f"{short}.sock"


def url_of(socket: Path) -> str:
    """The store's address at this socket."""
    return f"unix://{quote(str(socket))}"


@contextmanager
def serving(data: Path, socket: Path | None = None, **options: str) -> Iterator[str]:
    """The address of a server on this folder while the block runs; one that was started ends with it."""
    socket = socket or socket_of(data)
    for folder in (data, socket.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if _free(lock):
            with _started(data, socket, options):
                yield url_of(socket)
        else:
            yield _adopted(data, socket)
    finally:
        os.close(lock)


def _free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _adopted(data: Path, socket: Path) -> str:
    """The address of the running server; Held if it does not answer."""
    url = url_of(socket)
    if not _answers(url, _START_S):
        raise Held(f"Another server uses {data} but does not answer at {socket}. Stop it, then start again.")
    return url


@contextmanager
def _started(data: Path, socket: Path, options: dict[str, str]) -> Iterator[None]:
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    parent = os.getpid()
    with open(data / "valkey.log", "ab") as log:
        server = subprocess.Popen(
            [*arguments(data, socket), *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent),
        )
    try:
        if not _answers(url_of(socket), _START_S, server):
            raise Held(f"The server on {data} did not start; see its log {data / 'valkey.log'}.")
        yield
    finally:
        server.terminate()
        server.wait(10)


def _answers(url: str, within_s: float, server: "subprocess.Popen[bytes] | None" = None) -> bool:
    deadline, client = monotonic() + within_s, connect(url, socket_timeout=1.0)
    try:
        while monotonic() < deadline and (server is None or server.poll() is None):
            if _pings(client):
                return True
            sleep(0.01)
        return False
    finally:
        client.close()


def _pings(client: Any) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False
