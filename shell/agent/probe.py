"""Tries from inside what the walls must stop, and prints what succeeded as a JSON list of sentences.

Runs alone, by file name, behind the walls: `python -I -S probe.py WANTED`, WANTED a JSON object that says
where the things outside are. Where there are no walls it leaves nothing changed.
"""

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any


def main(wanted: "dict[str, Any]") -> "list[str]":
    """What succeeded and should not have."""
    attempts: dict[str, Callable[[], bool]] = {
        "read a secret file outside": lambda: _read(wanted["secret"]),
        "see private files": lambda: any(os.path.lexists(path) for path in wanted["private"]),
        "read the password file": lambda: _read("/etc/shadow"),
        "write outside its folder": lambda: _written(wanted["outside"]),
        "write into a system folder": lambda: _written("/usr/bin"),
        "have a capability": _has_capability,
        "gain rights": lambda: _status("NoNewPrivs") != "1",
        "change what is mounted": lambda: _libc.unshare(0x00020000) == 0,
        "make a user namespace": lambda: _libc.unshare(0x10000000) == 0,
        "reach the store's socket": lambda: _connected(socket.AF_UNIX, wanted["socket"]),
        "reach an abstract socket": lambda: _connected(socket.AF_UNIX, "\0" + wanted["abstract"]),
        "reach a port of this machine": lambda: _connected(socket.AF_INET, ("127.0.0.1", wanted["port"])),
        "see a process outside": lambda: len(list(filter(str.isdigit, os.listdir("/proc")))) > 9,
    }
    return [name for name, attempt in attempts.items() if _succeeds(attempt)]


_libc = ctypes.CDLL(None, use_errno=True)


def _succeeds(attempt: "Callable[[], bool]") -> bool:
    try:
        return attempt()
    except OSError:
        return False


def _read(path: str) -> bool:
    with open(path, "rb") as file:
        return bool(file.read(1))


def _written(folder: str) -> bool:
    file = os.path.join(folder, "caloron-probe")
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
    os.unlink(file)
    return True


def _has_capability() -> bool:
    return any(int(_status(name), 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"))


def _status(name: str) -> str:
    with open("/proc/self/status") as about:
        return next(line.split()[1] for line in about if line.startswith(f"{name}:"))


def _connected(family: int, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        client.connect(address)
    return True


if __name__ == "__main__":
    with open("here", "w") as own:  # what it must be able to do
        own.write("written inside")
    print(json.dumps(main(json.loads(sys.argv[1]))))
