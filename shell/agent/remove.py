"""Removes a folder with all below it, however deep, wide or closed an agent has made it.

Paths have a longest length and recursion a deepest level, and an agent's folders keep to neither. So every
folder that is found is moved up beside the first one, under a new name, and removed from there: no more than
two folders are open at a time, and no path has more than one part.
"""

import os
import secrets
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

_AT_ONCE = 10_000
"""How many entries of a folder are held in memory; it may have millions."""


def remove_folder(folder: Path) -> None:
    """Remove it; nothing happens if it is not there. Links are removed, not followed."""
    if not folder.is_symlink() and not folder.exists():
        return
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink()
        return
    os.chmod(folder, 0o700)
    names = (f"{secrets.token_hex(8)}-{number}" for number in count())
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        while folders := _without_files(top):
            for name in folders:
                _flatten(top, name, names)
    finally:
        os.close(top)
    folder.rmdir()


def _without_files(top: int) -> list[str]:
    """Remove the files of a folder; some of the folders in it, none when it is empty."""
    while True:
        found = _some(top)
        folders = [name for name, is_folder in found if is_folder]
        for name, is_folder in found:
            if not is_folder:
                os.unlink(name, dir_fd=top)
        if folders or not found:
            return folders


def _flatten(top: int, name: str, names: Iterator[str]) -> None:
    """Move the folders of this folder up beside it, and remove it with its files."""
    os.chmod(name, 0o700, dir_fd=top)
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        while folders := _without_files(inner):
            for below in folders:
                os.chmod(below, 0o700, dir_fd=inner)  # a folder that may not be written may not be moved
                os.rename(below, next(names), src_dir_fd=inner, dst_dir_fd=top)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=top)


def _some(folder: int) -> list[tuple[str, bool]]:
    """Names of entries, and whether each is a folder."""
    with os.scandir(folder) as entries:
        return [(one.name, one.is_dir(follow_symlinks=False)) for one in islice(entries, _AT_ONCE)]
