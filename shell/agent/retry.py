"""A few more tries where the network may be better in a moment."""

import time
from collections.abc import Callable
from typing import TypeVar

from shell.agent.git import GitError
from shell.errors import Unavailable

PAUSES_S = (1.0, 4.0, 15.0)

T = TypeVar("T")


def with_retries(act: Callable[[], T], pauses: tuple[float, ...] | None = None) -> T:
    """What `act` returns; a failure that may pass is tried again after each pause, the last one is raised."""
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
