"""A limit on the processor time of a piece of work, so that no text can keep a worker."""

import _weakrefset
import gc
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WEAK = (_weakrefset.__file__, weakref.__file__)
_AGAIN_S = 0.02
"""How soon the end is tried again, of processor time, where it could not come."""


class TooLong(Exception):
    """It took more processor time than it may."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """End the block with TooLong after so much processor time; outside the main thread without limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = False

    def end(_number: int, frame: FrameType | None) -> None:
        if not over and not _is_swallowed(frame):
            raise TooLong

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN_S)
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _is_swallowed(frame: FrameType | None) -> bool:
    """Whether what it interrupted lets no exception out: `__del__`, a callback of collector or weak set."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        code = frame.f_code
        of_weak_set = code.co_filename in _WEAK and code.co_name in ("_remove", "remove")
        if code.co_name == "__del__" or code in callbacks or of_weak_set:
            return True
        frame = frame.f_back
    return False
