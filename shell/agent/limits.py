"""How much of the machine one run may use, and the sentences that say what it met."""

import os
from dataclasses import dataclass

_MIB, _GIB = 1024**2, 1024**3


def _memory() -> int:
    """Of the machine's memory three fifths, at least 1 GiB and at most 8."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(_GIB, min(8 * _GIB, machine * 3 // 5))


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes."""

    memory_bytes: int = _memory()
    processes: int = 2048
    """With their threads."""
    open_files: int = 16384
    """Of one process."""
    file_bytes: int = 4 * _GIB
    """Of one file."""
    disk_bytes: int = 10 * _GIB
    """Of the task's folders together."""
    output_bytes: int = 256 * _MIB
    """Of what the agent prints."""
    temporary_bytes: int = _GIB
    """Of /tmp, which is in memory."""
    shared_bytes: int = 256 * _MIB
    """Of /dev/shm."""
    free_disk_bytes: int = 512 * _MIB
    """What must stay free on the disk of the task's folders while they grow."""
    free_memory_bytes: int = 256 * _MIB
    """What must stay available on the machine, where memory is not limited by a cgroup."""


def size(amount: int) -> str:
    """A size for people."""
    for unit, name in ((_GIB, "GiB"), (_MIB, "MiB"), (1024, "KiB")):
        if amount >= unit:
            return f"{amount / unit:.3g} {name}"
    return f"{amount} bytes"
