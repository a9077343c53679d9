"""The one way in which tests wait: until the thing has happened, with one generous limit for all."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

LIMIT_S = 150.0
"""Never reached when all is well, also beside other busy processes; only a failure takes so long."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2
_UNCHANGED_S = 0.8
"""After so long it looks again, even if nothing seems to have changed."""


def until(
    look: Callable[[], Found | None],
    otherwise: Callable[[], str] = lambda: "",
    limit_s: float = LIMIT_S,
    version: Callable[[], object] | None = None,
) -> Found:
    """The first true result of the look; fails with what `otherwise` says.

    Where a look costs much, `version` changes with most of what it sees: it waits for that before it looks
    again, though not for long.
    """
    deadline, pause = time.monotonic() + limit_s, _FIRST_PAUSE_S
    while True:
        known, looked = version and version(), time.monotonic()
        if found := look():
            return found
        while True:
            assert time.monotonic() < deadline, f"it did not happen in {limit_s:.0f} s\n{otherwise()}"
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)
            if version is None or version() != known or time.monotonic() - looked > _UNCHANGED_S:
                break
