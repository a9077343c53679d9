"""The one way in which tests wait: until the thing has happened, with one generous limit for all."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

LIMIT_S = 150.0
"""Never reached when all is well, also beside other busy processes; only a failure takes so long."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2


def until(
    look: Callable[[], Found | None], otherwise: Callable[[], str] = lambda: "", limit_s: float = LIMIT_S
) -> Found:
    """The first true result of the look; fails with what `otherwise` says."""
    deadline, pause = time.monotonic() + limit_s, _FIRST_PAUSE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"it did not happen in {limit_s:.0f} s\n{otherwise()}"
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
    return found
