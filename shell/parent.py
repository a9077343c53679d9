"""Child processes that do not outlive their parent, however it ends."""

import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable

HOLD = "CALORON_HOLD_FD"
"""Names the open file whose lock says that something of this bot still lives."""
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int, with_signal: int = signal.SIGKILL) -> None:
    """Called in a child: the kernel sends it `with_signal` when its parent dies, even by kill -9.

    Other systems have no such call; there a child only ends when its parent drains.
    """
    if _libc is not None and _libc.prctl(_PR_SET_PDEATHSIG, with_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(1)


def dying_with_us(command: list[str]) -> tuple[list[str], Callable[[], None] | None]:
    """The command, and what its child does first, so that it dies with this process.

    Where the system has a program that asks the kernel for it, the child does nothing first: then it need not
    begin as a copy of this process, which takes longer the larger we are. `PPID` is whose child it is once
    the kernel was asked.
    """
    if (program := _setpriv()) is None:
        return command, functools.partial(die_with_parent, os.getpid())
    ours = ["/bin/sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid())]
    return [program, "--pdeathsig", "KILL", *ours, *command], None


@functools.cache
def _setpriv() -> str | None:
    """The program, if it knows how; it is tried once."""
    program = shutil.which("setpriv", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if _libc is None or program is None:
        return None
    tried = subprocess.run([program, "--pdeathsig", "KILL", "/bin/sh", "-c", ":"], capture_output=True)
    return None if tried.returncode else program


def keep_unreadable() -> None:
    """From now on no other process of this user reads our memory, environment or open files."""
    if _libc is not None and _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def hold() -> tuple[int, ...]:
    """That file, for a child whose end a successor must wait for; empty without `caloron up`.

    The kernel frees the lock when the last process that has the file open is gone, however it ended.
    """
    value = os.environ.get(HOLD, "")
    try:
        os.fstat(number := int(value))
    except (ValueError, OSError):
        return ()
    return (number,)
