"""The seals: every way to the world closed, so that a stage which reaches for it is caught."""

import builtins
import contextlib
import datetime
import functools
import io
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import types
import uuid
from collections.abc import Iterator
from typing import Any, NoReturn

ZONE = "the local time zone"


class Touched(BaseException):
    """A stage reached for the world; no `except Exception` of its own hides that."""


def _public(module: types.ModuleType, what: str) -> list[tuple[Any, str, str]]:
    return [
        (module, name, what) for name in vars(module) if name[0] != "_" and callable(getattr(module, name))
    ]


FORBIDDEN: list[tuple[Any, str, str]] = [
    (builtins, "open", "a file"),
    (builtins, "input", "the terminal"),
    (builtins, "print", "the terminal"),
    (io, "open", "a file"),
    (os, "open", "a file"),
    (os, "stat", "a file"),
    (os, "lstat", "a file"),
    (os, "access", "a file"),
    (os, "readlink", "a file"),
    (os, "getcwd", "a file"),
    (os, "getcwdb", "a file"),
    (os, "getenv", "the environment"),
    (os, "getenvb", "the environment"),
    (os, "getpid", "a process"),
    (os, "getppid", "a process"),
    (os, "uname", "the machine"),
    (os, "cpu_count", "the machine"),
    (os, "urandom", "randomness"),
    (os, "getrandom", "randomness"),
    (os, "times", "the clock"),
    (subprocess, "Popen", "a process"),
    (socket, "socket", "a socket"),
    (socket, "create_connection", "a socket"),
    (uuid, "uuid1", "randomness"),
    (uuid, "uuid4", "randomness"),
    *_public(random, "randomness"),
    *_public(secrets, "randomness"),
    *((time, name, what) for _, name, what in _public(time, "the clock") if name != "struct_time"),
]
OF_THE_PROCESS = ("hash", "id")
"""What answers otherwise in another process; the standard library may call it, a stage may not."""

_FAMILIES = {
    "a file": "open os shutil tempfile glob pathlib sqlite3 fcntl mmap",
    "a socket": "socket urllib http ftplib smtplib imaplib poplib nntplib telnetlib",
    "a process": "subprocess pty",
    "the machine": "ctypes",
}
_EVENTS = {
    "a process": "system exec fork forkpty posix_spawn spawn kill killpg",
    "the environment": "putenv unsetenv",
}
_REACHES = {family: what for what, families in _FAMILIES.items() for family in families.split()}
_REACHES |= {f"os.{name}": what for what, names in _EVENTS.items() for name in names.split()}
"""What the interpreter itself tells of, whoever asks for it and however it came there."""

_inside: set[int] = set()
"""The threads that are sealed."""


@functools.cache
def _listen() -> None:
    """Once for all: a listener of this kind is never taken away again."""
    sys.addaudithook(_heard)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if not _inside or threading.get_ident() not in _inside:
        return
    what = _REACHES.get(event) or _REACHES.get(event.partition(".")[0])
    if what and not _importing():
        touch(what)


def _importing() -> bool:
    """Whether it is the interpreter that looks for a module; what a stage may import is another rule."""
    frame = sys._getframe(2)
    while frame.f_back:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def sealed() -> Iterator[None]:
    """Every way to the world is closed for this thread."""
    here = threading.get_ident()

    def seal(real: Any, what: str) -> Any:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() == here:
                touch(what)
            return real(*args, **kwargs)

        return guarded

    with contextlib.ExitStack() as seals:
        for place, name, what in FORBIDDEN:
            replace(seals, place, name, seal(getattr(place, name), what))
        for name in OF_THE_PROCESS:
            replace(seals, builtins, name, foreign(getattr(builtins, name)))
        for name in ("environ", "environb"):
            replace(seals, os, name, SealedEnvironment(getattr(os, name), here))
        seals.callback(sys.modules.__setitem__, "datetime", datetime)
        sys.modules["datetime"] = clockless()
        _listen()
        seals.callback(_inside.discard, here)
        _inside.add(here)
        yield


def touch(what: str) -> NoReturn:
    raise Touched(f"it reaches for {what}")


def foreign(real: Any) -> Any:
    """The same, but not for a stage."""

    def guarded(*args: Any) -> Any:
        if sys._getframe(1).f_globals.get("__name__") == "stage":
            touch(f"what {real.__name__} answers in this process only")
        return real(*args)

    return guarded


def replace(seals: contextlib.ExitStack, place: Any, name: str, value: Any) -> None:
    seals.callback(setattr, place, name, getattr(place, name))
    setattr(place, name, value)


class SealedEnvironment:
    """os.environ for the other threads, forbidden for ours."""

    def __init__(self, real: Any, here: int) -> None:
        self.real, self.here = real, here

    def __getattr__(self, name: str) -> Any:
        if threading.get_ident() == self.here:
            touch("the environment")
        return getattr(self.real, name)

    def __getitem__(self, name: str) -> Any:
        return self.__getattr__("__getitem__")(name)

    def __contains__(self, name: str) -> bool:
        return bool(self.__getattr__("__contains__")(name))

    def __iter__(self) -> Any:
        return self.__getattr__("__iter__")()


def clockless() -> types.ModuleType:
    """The module datetime without its clock."""

    class Datetime(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            touch("the clock")

        @classmethod
        def utcnow(cls) -> Any:
            touch("the clock")

        @classmethod
        def today(cls) -> Any:
            touch("the clock")

        @classmethod
        def fromtimestamp(cls, timestamp: float, tz: Any = None) -> Any:
            return super().fromtimestamp(timestamp, tz or touch(ZONE))

        def astimezone(self, tz: Any = None) -> Any:
            return super().astimezone(tz) if tz and self.tzinfo else touch(ZONE)

        def timestamp(self) -> float:
            return super().timestamp() if self.tzinfo else touch(ZONE)

    class Date(datetime.date):
        @classmethod
        def today(cls) -> Any:
            touch("the clock")

        @classmethod
        def fromtimestamp(cls, timestamp: float) -> Any:
            touch(ZONE)

    module = types.ModuleType("datetime")
    module.__dict__.update(
        {name: getattr(datetime, name) for name in dir(datetime) if not name.startswith("__")}
    )
    module.__dict__.update(datetime=Datetime, date=Date)
    return module
