"""The store's append-only file, read while it grows, to see when a lane's journal is written."""

from pathlib import Path
from time import monotonic

from shell.store import keys

_SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""Machine → the numbers of fsync and fdatasync (Linux, asm/unistd.h)."""


class StoreLog:
    """The append-only file of the store in a bot's home, from its current end."""

    def __init__(self, home: Path) -> None:
        logs = sorted(home.rglob("*.incr.aof"), key=lambda path: path.stat().st_mtime)
        self.file = logs[-1].open("rb")
        self.file.seek(0, 2)

    def __enter__(self) -> "StoreLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def wait_for_commit(self, lane: str, within_s: float) -> bool:
        """Wait until a commit to the lane's journal stands in the file; False if none does in time."""
        key, read, deadline = keys.journal(lane).encode(), b"", monotonic() + within_s
        while monotonic() < deadline:
            read = read[-len(key) :] + self.file.read()
            if key in read:
                return True
        return False


def is_syncing(pid: int, machine: str) -> bool | None:
    """Whether a process waits for a disk sync now; None where the system does not say."""
    try:
        number = Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except OSError:
        return None
    return number.isdigit() and int(number) in _SYNCS.get(machine, ())
