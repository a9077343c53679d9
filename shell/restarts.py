"""Which processes keep dying: `caloron up` writes it, `/readyz` and `caloron doctor` read it.

The file has its size from the start and is written in place, for a full disk has no room for another one.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

NAME = "restarts"
_SIZE = 4096
OFTEN = 3
"""A process that died so often, each time soon after its start, is in trouble."""


def make(home: Path) -> None:
    """Make the file, empty; what an earlier `up` wrote is forgotten."""
    file = os.open(home / NAME, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(file, b" " * _SIZE, 0)
        os.fsync(file)
    finally:
        os.close(file)


def write(home: Path, dying: Mapping[str, tuple[int, str]]) -> None:
    """Note for each process in trouble how often it died, and how it last ended."""
    text = json.dumps(dying).encode()
    if len(text) > _SIZE:  # more processes than fit are in trouble: these say enough
        text = json.dumps(dict(list(dying.items())[:20])).encode()
    file = os.open(home / NAME, os.O_WRONLY)
    try:
        os.pwrite(file, text.ljust(_SIZE), 0)
    finally:
        os.close(file)


def reasons(home: Path) -> list[str]:
    """A sentence for each process that keeps dying; none where no `up` runs here."""
    try:
        text = (home / NAME).read_text().strip()
    except FileNotFoundError:
        return []
    dying: dict[str, tuple[int, str]] = json.loads(text or "{}")
    return [
        f"process {name} died {times} times ({how}) and is started again; see {home / 'logs' / name}.log"
        for name, (times, how) in dying.items()
    ]
