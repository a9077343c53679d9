"""How much of the machine one run may use."""

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

    processes: int = 2048
    """With their threads."""
    open_files: int = 16384
    """Of one process."""
    file_bytes: int = 4 * _GIB
    """Of one file."""
    temporary_bytes: int = _GIB
    """Of /tmp, which is in memory."""
    shared_bytes: int = 256 * _MIB
    """Of /dev/shm."""
    memory_bytes: int = _memory()
