"""Retries of what a passing network or server failure interrupted."""

import time
from collections.abc import Callable
from typing import TypeVar

from shell.agent.git import GitError
from shell.errors import Unavailable

PAUSES_S = (1.0, 4.0, 15.0)

T = TypeVar("T")


def with_retries(act: Callable[[], T], pauses: tuple[float, ...] | None = None) -> T:
    """What `act` returns; a passing failure is retried after each pause, and the last one raised."""
    for pause in PAUSES_S if pauses is None else pauses:
        try:
            return act()
        except Unavailable as error:
            time.sleep(min(error.retry_after or pause, 60))
        except GitError as error:
            if not error.passing:
                raise
            time.sleep(pause)
    return act()
