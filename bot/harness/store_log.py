"""The store's append-only log, read as it grows: when a lane's journal is being written."""

from pathlib import Path
from time import monotonic

from shell.store import keys

_SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""Machine → the numbers of fsync and fdatasync (Linux, asm/unistd.h)."""


class StoreLog:
    """The log of the store in a bot's home, from where it ends now."""

    def __init__(self, home: Path) -> None:
        logs = sorted(home.rglob("*.incr.aof"), key=lambda path: path.stat().st_mtime)
        self.file = logs[-1].open("rb")
        self.file.seek(0, 2)

    def __enter__(self) -> "StoreLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def wait_for_commit(self, lane: str, within_s: float) -> bool:
        """Whether a commit to the lane's journal was written; said as soon as it stands in the log."""
        key, read, deadline = keys.journal(lane).encode(), b"", monotonic() + within_s
        while monotonic() < deadline:
            read = read[-len(key) :] + self.file.read()
            if key in read:
                return True
        return False


def is_syncing(pid: int, machine: str) -> bool | None:
    """Whether a process waits for the disk just now; None where the machine does not tell."""
    try:
        number = Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except OSError:
        return None
    return number.isdigit() and int(number) in _SYNCS.get(machine, ())
