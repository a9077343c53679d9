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


def wait_for_earlier(attempt: Attempt, goes_on: Callable[[], bool]) -> None:
    """Wait until no earlier run of the task uses its folder: one that this one replaces was told to stop."""
    until = time.monotonic() + _TAKES_S
    while any(map(_runs, _earlier(attempt))) and time.monotonic() < until and goes_on():
        time.sleep(_LOOK_S)


def left_before(attempt: Attempt) -> Attempt | None:
    """The newest earlier attempt at this task that left its folder and runs no more."""
    for root in _earlier(attempt):
        log = attempt.log.with_name(f"{attempt.log.stem.rpartition('-')[0]}-{root.name}.log")
        found = Attempt(root, log)
        if found.started_from.is_file():
            return None if _runs(root) else found
    return None


def _earlier(attempt: Attempt) -> list[Path]:
    """The folders of the attempts before this one, the newest first."""
    number = int(attempt.root.name)
    found = [one for one in attempt.root.parent.iterdir() if one.name.isdecimal() and int(one.name) < number]
    return sorted(found, key=lambda one: int(one.name), reverse=True)


def _runs(root: Path) -> bool:
    try:
        return is_in_use(root)
    except FileNotFoundError:  # it has ended just now
        return False


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
