"""The processes of a bot as /proc tells them: by name, with all that they started, living or not."""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/proc")
_NAME = b"CALORON_PROCESS="


@dataclass(frozen=True)
class Process:
    """One process; its start tells it from a later one with the same number."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether it runs still; a dead one that nobody has taken note of does not."""
        fields = _fields(self.pid)
        return bool(fields) and fields[0] != "Z" and fields[19] == self.started


def process(pid: int) -> Process | None:
    """The process of this number, if it lives."""
    fields = _fields(pid)
    return Process(pid, fields[19]) if fields and fields[0] != "Z" else None


def descendants(pid: int) -> list[Process]:
    """Every living process below this one."""
    below = _below()
    found, waiting = [], [pid]
    while waiting:
        for child in below[waiting.pop()]:
            found.append(child)
            waiting.append(child.pid)
    return found


def children(pid: int) -> dict[str, int]:
    """The living children by the names that `caloron up` gives them."""
    named = {_name(child.pid): child.pid for child in _below()[pid]}
    return {name: number for name, number in named.items() if name}


def commands(processes: list[Process]) -> list[str]:
    """What those of them are that live, for people."""
    return [f"{one.pid} {_command(one.pid)}" for one in processes if one.alive()]


def of_home(home: Path) -> list[Process]:
    """Every living process that works on this CALORON_HOME."""
    setting = f"CALORON_HOME={home}".encode()
    numbers = (int(name) for name in filter(str.isdigit, os.listdir(_ROOT) if _ROOT.is_dir() else []))
    found = (process(pid) for pid in numbers if setting in _environment(pid))
    return [one for one in found if one]


def workers_of(home: Path) -> list[Process]:
    """Those of them that a `caloron up` started, by their names."""
    return [one for one in of_home(home) if _name(one.pid)]


def _below() -> dict[int, list[Process]]:
    below: dict[int, list[Process]] = defaultdict(list)
    for name in filter(str.isdigit, os.listdir(_ROOT)):
        fields = _fields(int(name))
        if fields and fields[0] != "Z":
            below[int(fields[1])].append(Process(int(name), fields[19]))
    return below


def _fields(pid: int) -> list[str]:
    """What follows the name in its `stat`: state, parent, …; nothing if there is no such process."""
    try:
        return (_ROOT / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _name(pid: int) -> str:
    names = [one.removeprefix(_NAME).decode() for one in _environment(pid) if one.startswith(_NAME)]
    return names[0] if names else _name_by_command(_command(pid))


def _name_by_command(command: str) -> str:
    """Of a process whose environment cannot be read; the store's server writes its title over it."""
    for program, name in (("valkey", "store"), ("-m bot.web", "web"), ("-m jobs.clock", "clock")):
        if program in command:
            return name
    return command.rpartition(" ")[2] if "-m jobs.worker" in command else ""


def _environment(pid: int) -> list[bytes]:
    try:
        return (_ROOT / str(pid) / "environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []  # it ended, or is another user's


def _command(pid: int) -> str:
    try:
        return (
            (_ROOT / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        )
    except (FileNotFoundError, ProcessLookupError):
        return ""
