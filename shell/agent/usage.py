"""What a run uses of the machine, looked at each second from outside, and whether that is too much."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shell.agent.cgroup import PREFIX, Group, make_group
from shell.agent.limits import Limits, size
from shell.agent.quota import OwnDisk, why_none

LOOK_S = 1.0
_PAUSE, _LONGEST_PAUSE_S = 5, 5.0
"""A look that took long is made that much less often, but not less often than every five seconds."""
_GROWTH = 16 * 1024**2
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """What /proc says of one process."""

    pid: int
    threads: int
    resident_bytes: int


class Usage:
    """Compares one run with its limits; `group` says which of them the kernel keeps already."""

    def __init__(
        self, guard: int, folder: Path, limits: Limits, group: Group, own_disk: OwnDisk | None = None
    ) -> None:
        self.guard, self.limits, self.group, self.own_disk = guard, limits, group, own_disk
        self.disk = Disk(folder, own_disk)
        self.next_look = 0.0

    def exceeded(self, printed_bytes: int, clock: Callable[[], float] = time.monotonic) -> str | None:
        """The sentence that ends the run, if a limit is exceeded; looks at most once a second."""
        if printed_bytes > self.limits.output_bytes:
            return f"The agent printed more than {size(self.limits.output_bytes)}."
        begun = clock()
        if begun < self.next_look:
            return None
        found = self.refused() or self._memory() or self._processes() or self._disk()
        self.next_look = begun + max(LOOK_S, _pause(clock() - begun))
        return found

    def refused(self) -> str | None:
        """The sentence, if the kernel has killed or refused something of this run."""
        if self.group.killed_for_memory():
            return _too_much_memory(self.limits.memory_bytes)
        if self.own_disk is not None and (full := self.own_disk.full()):
            return full
        return _too_many(self.limits.processes) if self.group.refused_processes() else None

    def _memory(self) -> str | None:
        most = self.limits.memory_bytes
        if self.group.memory is not None:
            return None  # the kernel keeps it
        processes = list(tree(self.guard))
        if sum(process.resident_bytes for process in processes) > most:
            used = sum(shared_out_bytes(process) for process in processes)
            return _too_much_memory(most) if used > most else None
        if available_memory() < self.limits.free_memory_bytes:
            return (
                f"The machine had less than {size(self.limits.free_memory_bytes)} of memory left, so the "
                "agent was stopped."
            )
        return None

    def _processes(self) -> str | None:
        most = self.limits.processes
        if self.group.processes is not None:
            return None  # the kernel keeps it
        # it refuses more than the limit here too, so the last of them are never seen
        running = sum(process.threads for process in tree(self.guard))
        return _too_many(most) if running >= most * 0.95 else None

    def _disk(self) -> str | None:
        used = self.disk.used()
        if used > self.limits.disk_bytes:
            return f"The agent's files took more than {size(self.limits.disk_bytes)}."
        if self.disk.free() < self.limits.free_disk_bytes and self.disk.grown() > _GROWTH:
            return (
                f"Less than {size(self.limits.free_disk_bytes)} of disk was left, and the agent's files "
                "were growing."
            )
        return None


def in_force(limits: Limits) -> str:
    """Which limits hold here and who keeps them, as `caloron doctor` says it."""
    group = make_group(f"{PREFIX}trial-{os.getpid()}", limits)
    group.remove()
    seconds = "looked at each second"
    by = {True: "kept by a cgroup", False: seconds}
    no_disk = why_none()
    disk = f"{seconds}, because {no_disk}" if no_disk else "kept by a loop image"
    return (
        f"memory {size(limits.memory_bytes)} ({by[group.memory is not None]}), "
        f"{limits.processes} processes ({by[group.processes is not None]}), "
        f"{limits.open_files} open files and {size(limits.file_bytes)} a file (kept by the kernel), "
        f"/tmp {size(limits.temporary_bytes)} (kept by the kernel), "
        f"disk {size(limits.disk_bytes)} ({disk}), output {size(limits.output_bytes)} ({seconds})"
    )


def _pause(took_s: float) -> float:
    return min(_PAUSE * took_s, _LONGEST_PAUSE_S)


def _too_much_memory(most: int) -> str:
    return f"The agent used more than {size(most)} of memory."


def _too_many(most: int) -> str:
    return f"The agent ran more than {most} processes and threads at the same time."


class Disk:
    """How much a run's files take: its own disk knows; else `du` counts the folder, of any depth."""

    def __init__(self, folder: Path, own: OwnDisk | None = None) -> None:
        self.folder, self.own, self.counted, self.first = folder, own, 0, -1
        self.counting: subprocess.Popen[bytes] | None = None
        self.begun = self.not_before = 0.0
        self.program = shutil.which("du", path="/usr/bin:/bin") or "du"

    def used(self) -> int:
        """Bytes as last counted; a new count is begun where none is under way."""
        if self.own is not None:
            self._set(self.own.used())
            return self.counted
        if self.counting is not None and self.counting.poll() is not None:
            self._take()
        if self.counting is None and time.monotonic() >= self.not_before:
            self._begin()
        return self.counted

    def grown(self) -> int:
        """Bytes since the first count."""
        return self.counted - max(self.first, 0)

    def free(self) -> int:
        """Bytes that the machine's disk below can still take."""
        about = os.statvfs(self.folder)
        return about.f_bavail * about.f_frsize

    def close(self) -> None:
        if self.counting is not None:
            self.counting.kill()
            self.counting.communicate()
            self.counting = None

    def _begin(self) -> None:
        self.begun = time.monotonic()
        self.counting = subprocess.Popen(
            [self.program, "-s", "-x", "-B1", "--", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _take(self) -> None:
        assert self.counting is not None
        words = self.counting.communicate()[0].split()
        if words and words[0].isdigit():  # what vanished meanwhile is complained of, the rest is counted
            self._set(int(words[0]))
        self.counting = None
        self.not_before = time.monotonic() + _pause(time.monotonic() - self.begun)

    def _set(self, counted: int) -> None:
        self.counted = counted
        self.first = counted if self.first < 0 else self.first


def tree(root: int) -> Iterator[Process]:
    """Every process below `root`, which is not among them."""
    children: dict[int, list[Process]] = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else []):
        if (found := _read(name)) is not None:
            children.setdefault(found[0], []).append(found[1])
    waiting = children.pop(root, [])
    while waiting:
        process = waiting.pop()
        waiting += children.pop(process.pid, [])
        yield process


def _read(name: str) -> tuple[int, Process] | None:
    """Its parent, and what it is; None if it ended meanwhile. The fields are those of proc(5)."""
    try:
        with open(f"/proc/{name}/stat", "rb") as about:
            fields = about.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 22:
        return None
    return int(fields[1]), Process(int(name), int(fields[17]), int(fields[21]) * _PAGE)


def shared_out_bytes(process: Process) -> int:
    """Its memory, what it shares with others counted by its share; the resident size where that is hidden."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup", "rb") as parts:
            for line in parts:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        return process.resident_bytes if os.path.exists(f"/proc/{process.pid}") else 0
    return 0


def available_memory() -> int:
    """Bytes that the machine can still give."""
    with open("/proc/meminfo", "rb") as lines:
        for line in lines:
            if line.startswith(b"MemAvailable:"):
                return int(line.split()[1]) * 1024
    raise OSError("/proc/meminfo does not say what is available")
