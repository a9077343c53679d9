"""What a run left that was killed, or gave way: found by the next run of its task, which pushes it first."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shell.agent.paths import Attempt, Paths, is_in_use
from shell.agent.quota import mounted_again
from shell.agent.start import Start

_TAKES_S, _LOOK_S = 30.0, 0.2
"""How long a run may take to end that was told to stop, and how often that is looked at."""


def remember_start(attempt: Attempt, start: Start) -> None:
    """Keep what the attempt started from, until its folder goes."""
    before = attempt.started_from.with_suffix(".new")
    before.write_text(json.dumps(asdict(start)))
    os.replace(before, attempt.started_from)


def left_before(attempt: Attempt, goes_on: Callable[[], bool]) -> Attempt | None:
    """The newest earlier attempt at this task that left its folder, once it runs no more.

    One that has just been stopped is waited for, while this one may go on.
    """
    number = int(attempt.root.name)
    numbers = [int(one.name) for one in attempt.root.parent.iterdir() if one.name.isdecimal()]
    for earlier in sorted((one for one in numbers if one < number), reverse=True):
        root = attempt.root.parent / str(earlier)
        found = Attempt(root, attempt.log.with_name(f"{attempt.log.stem.rpartition('-')[0]}-{earlier}.log"))
        if found.started_from.is_file():
            return found if _has_ended(root, goes_on) else None
    return None


def _has_ended(root: Path, goes_on: Callable[[], bool]) -> bool:
    until = time.monotonic() + _TAKES_S
    while root.is_dir() and is_in_use(root):
        if time.monotonic() > until or not goes_on():
            return False
        time.sleep(_LOOK_S)
    return root.is_dir()


@contextmanager
def opened(left: Attempt, paths: Paths) -> Iterator[Start | None]:
    """What it started from, while its files can be read; None where they cannot."""
    try:
        start = _start_of(json.loads(left.started_from.read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        yield None
        return
    with mounted_again(left, paths) as there:
        yield start if there and left.folder.is_dir() else None


def _start_of(kept: dict[str, Any]) -> Start:
    return Start(**{**kept, "conflicts": tuple(kept["conflicts"])})
