"""A run's cgroup, where one may be made: the kernel itself then limits its memory and its processes.

Facts: the kernel's `admin-guide/cgroup-v1/` and `admin-guide/cgroup-v2.rst`.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shell.agent.limits import Limits

_ROOT = Path("/sys/fs/cgroup")
_LIMIT_S = 5.0
PREFIX = "caloron-run-"
_STALE_S = 60.0


@dataclass(frozen=True)
class Group:
    """The folders of one group; None where that kind could not be made."""

    memory: Path | None = None
    processes: Path | None = None

    @property
    def folders(self) -> list[Path]:
        """Where a process joins."""
        return list(dict.fromkeys(filter(None, (self.memory, self.processes))))

    def killed_for_memory(self) -> int:
        """How many of its processes the kernel killed because the limit of memory was reached."""
        return _count(self.memory, ("memory.events", "memory.oom_control"), "oom_kill")

    def refused_processes(self) -> int:
        """How many new processes or threads it was refused."""
        return _count(self.processes, ("pids.events",), "max")

    def remove(self) -> None:
        """Kill whatever is in it, and remove it."""
        end = time.monotonic() + _LIMIT_S
        for folder in self.folders:
            while folder.is_dir() and time.monotonic() < end:
                _kill(folder)
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.02)


def make_group(name: str, limits: Limits) -> Group:
    """A new group of this name with these limits; what this process may not make is None."""
    unified = (_ROOT / "cgroup.controllers").exists()
    places = _places("0", _ROOT) if unified else []
    memory = _made(places or _places("memory", _ROOT / "memory"), name, _memory_values(limits))
    if unified and memory is not None:
        return Group(memory, memory if _set(memory, {"pids.max": limits.processes}) else None)
    pids = None if unified else _made(_places("pids", _ROOT / "pids"), name, {"pids.max": limits.processes})
    return Group(memory, pids)


def _memory_values(limits: Limits) -> dict[str, int]:
    if (_ROOT / "cgroup.controllers").exists():
        return {"memory.max": limits.memory_bytes}
    return {"memory.limit_in_bytes": limits.memory_bytes}


def _places(controller: str, root: Path) -> list[Path]:
    """Where a group might be made: below this process's own, then below each above it."""
    if not root.is_dir():
        return []
    own = next(_own_groups(controller), "/")
    inside = root / own.lstrip("/")
    start = inside if inside.is_dir() else root
    return [place for place in (start, *start.parents) if place.is_relative_to(root)]


def _own_groups(controller: str) -> Iterator[str]:
    with open("/proc/self/cgroup") as lines:
        for line in lines:
            number, names, path = line.rstrip("\n").split(":", 2)
            if controller in names.split(",") or (controller == number == "0" and not names):
                yield path


def _made(places: list[Path], name: str, values: dict[str, int]) -> Path | None:
    for place in places:
        _sweep(place)
        folder = place / name
        try:
            folder.mkdir()
        except OSError:
            continue  # not ours to make, or the hierarchy is read-only
        if _set(folder, values):
            _also(folder)
            return folder
        folder.rmdir()
    return None


def _sweep(place: Path) -> None:
    """Remove the empty groups of runs whose process was killed."""
    for left in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # it is in use, or somebody else removed it
            if time.time() - left.stat().st_mtime > _STALE_S:
                left.rmdir()


def _set(folder: Path, values: dict[str, int]) -> bool:
    """False where this group has no such limit."""
    for name, value in values.items():
        try:
            with open(folder / name, "r+") as file:
                file.write(str(value))
        except OSError:
            return False
    return True


def _also(folder: Path) -> None:
    """No swapping beside the limit, and all of the group goes where one goes, where the kernel has these."""
    extra = {"memory.swap.max": "0", "memory.oom.group": "1"}
    for name, value in extra.items():
        if (folder / name).exists():
            (folder / name).write_text(value)


def _count(folder: Path | None, names: tuple[str, ...], word: str) -> int:
    for name in names:
        if folder is not None and (folder / name).exists():
            lines = (folder / name).read_text().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.split()[:1] == [word])
    return 0


def _kill(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it went meanwhile
        for line in (folder / "cgroup.procs").read_text().split():
            os.kill(int(line), signal.SIGKILL)
