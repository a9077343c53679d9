"""Children that do not outlive their parent, however it ends."""

import ctypes
import os
import signal
import sys

HOLD = "CALORON_HOLD_FD"
"""Names the open file whose lock says that something of this bot still lives."""
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int, with_signal: int = signal.SIGKILL) -> None:
    """Called in a child: the kernel sends it `with_signal` when its parent dies, also by kill -9.

    Outside Linux there is no such promise; there a child is only ended by a parent that drains.
    """
    if _libc is not None and _libc.prctl(_PR_SET_PDEATHSIG, with_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(1)


def hold() -> tuple[int, ...]:
    """That file, to be kept open by a child whose end a successor must wait for; none without `caloron up`.

    The kernel frees the lock when the last process that has the file open is gone, however it ended.
    """
    told = os.environ.get(HOLD, "")
    try:
        os.fstat(number := int(told))
    except (ValueError, OSError):
        return ()
    return (number,)
