"""What a run left whose process was killed: found by the next run of its task, which pushes it first."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from shell.agent.paths import Attempt, Paths, is_in_use
from shell.agent.quota import mounted_again
from shell.agent.start import Start


def remember_start(attempt: Attempt, start: Start) -> None:
    """Keep what the attempt started from, until its folder goes."""
    before = attempt.started_from.with_suffix(".new")
    before.write_text(json.dumps(asdict(start)))
    os.replace(before, attempt.started_from)


def left_before(attempt: Attempt) -> Attempt | None:
    """The newest earlier attempt at this task that left its folder and runs no more."""
    number = int(attempt.root.name)
    numbers = [int(one.name) for one in attempt.root.parent.iterdir() if one.name.isdecimal()]
    for earlier in sorted((one for one in numbers if one < number), reverse=True):
        root = attempt.root.parent / str(earlier)
        found = Attempt(root, attempt.log.with_name(f"{attempt.log.stem.rpartition('-')[0]}-{earlier}.log"))
        if found.started_from.is_file():
            return None if is_in_use(root) else found
    return None


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
