"""The reserve of free space: where less is free, nothing new starts and what runs is ended.

The store syncs each write to the disk before it answers, and ends when the disk is full. So what fills disks,
an agent's run, has to end while there is still space.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ATTEMPTS = "attempts"
"""The folder of agents' runs in CALORON_HOME; another file system may be mounted there."""
STORE = "store"
_LEAST_FILES = 2_000
"""As many more files must have room; only where a file system counts them."""


@dataclass(frozen=True)
class Reserve:
    """What must stay free on the file system of each folder."""

    folders: tuple[Path, ...] = ()
    least: int = 0
    """In bytes."""

    @classmethod
    def of(cls, home: Path, megabytes: int) -> "Reserve":
        """The reserve of a CALORON_HOME: where its store is, and where its agents work."""
        return cls((home, home / STORE, home / ATTEMPTS), megabytes * 10**6)

    def shortage(self) -> str | None:
        """Where less is free, and how much is; None while there is enough."""
        return next(filter(None, map(self._short, _there(self.folders))), None)

    def _short(self, folder: Path) -> str | None:
        about = os.statvfs(folder)
        free = about.f_bavail * about.f_frsize
        if free < self.least:
            return (
                f"only {free // 10**6} MB are free on the disk of {folder}, and {self.least // 10**6} MB "
                "must stay free, so no agent starts; make room there, then it goes on by itself"
            )
        if about.f_files and about.f_favail < _LEAST_FILES:
            return (
                f"only {about.f_favail} more files have room on the disk of {folder}, so no agent starts; "
                "remove some, then it goes on by itself"
            )
        return None


def _there(folders: Iterable[Path]) -> list[Path]:
    """Each folder, or what it will be made in."""
    return [next(place for place in (one, *one.parents) if place.is_dir()) for one in folders]
