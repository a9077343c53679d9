"""Running work in a child process that dies with its parent."""

import multiprocessing
import os
import signal
from collections.abc import Callable

from shell.parent import die_with_parent

_FORK = multiprocessing.get_context("fork")


def in_child(work: Callable[[], None], keep: Callable[[], None], every_s: float) -> int:
    """Run it in a child, calling `keep` here every so often while the child lives; the child's exit code."""
    child = _FORK.Process(target=_run, args=(os.getpid(), work))
    child.start()
    child.join(every_s)
    while child.exitcode is None:
        keep()
        child.join(every_s)
    return child.exitcode


def _run(parent: int, work: Callable[[], None]) -> None:
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    work()
