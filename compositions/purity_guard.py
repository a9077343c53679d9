"""The purity guard: while it is on, a stage that reads or changes anything outside its input fails."""

import builtins
import contextlib
import datetime
import functools
import gc
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


class ImpureAccess(BaseException):
    """A stage used something outside its input; no `except Exception` of its own hides that."""


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
PER_PROCESS = ("hash", "id")
"""Built-ins whose result differs between processes; the standard library may call them, a stage may not."""

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
_BY_EVENT = {family: what for what, families in _FAMILIES.items() for family in families.split()}
_BY_EVENT |= {f"os.{name}": what for what, names in _EVENTS.items() for name in names.split()}
"""What each audit event of the interpreter means; it is raised however the code got hold of the function."""

_guarded: set[int] = set()
"""The threads that are guarded now."""


@functools.cache
def _add_audit_hook() -> None:
    """Once per process: an audit hook cannot be removed."""
    sys.addaudithook(_check)


def _check(event: str, args: tuple[Any, ...]) -> None:
    if not _guarded or threading.get_ident() not in _guarded:
        return
    what = _BY_EVENT.get(event) or _BY_EVENT.get(event.partition(".")[0])
    if what and not _importing():
        deny(what)


def _importing() -> bool:
    """Whether the interpreter is importing a module; what a stage may import is checked by another rule."""
    frame = sys._getframe(2)
    while frame.f_back:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Forbid all impure access in this thread; other threads work on as before."""
    thread = threading.get_ident()

    def forbidden(real: Any, what: str) -> Any:
        def checked(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() == thread:
                deny(what)
            return real(*args, **kwargs)

        return checked

    with contextlib.ExitStack() as restored:
        if gc.isenabled():  # a collection here would end what others have left, and that may need a file
            restored.callback(gc.enable)
            gc.disable()
        for place, name, what in FORBIDDEN:
            replace(restored, place, name, forbidden(getattr(place, name), what))
        for name in PER_PROCESS:
            replace(restored, builtins, name, per_process(getattr(builtins, name)))
        for name in ("environ", "environb"):
            replace(restored, os, name, GuardedEnvironment(getattr(os, name), thread))
        restored.callback(sys.modules.__setitem__, "datetime", datetime)
        sys.modules["datetime"] = datetime_without_clock()
        _add_audit_hook()
        restored.callback(_guarded.discard, thread)
        _guarded.add(thread)
        yield


def deny(what: str) -> NoReturn:
    raise ImpureAccess(f"it uses {what}")


def per_process(real: Any) -> Any:
    """The same built-in, forbidden to a stage only."""

    def checked(*args: Any) -> Any:
        if sys._getframe(1).f_globals.get("__name__") == "stage":
            deny(f"{real.__name__}(), whose result differs between processes")
        return real(*args)

    return checked


def replace(restored: contextlib.ExitStack, place: Any, name: str, value: Any) -> None:
    restored.callback(setattr, place, name, getattr(place, name))
    setattr(place, name, value)


class GuardedEnvironment:
    """os.environ for the other threads, forbidden in the guarded one."""

    def __init__(self, real: Any, thread: int) -> None:
        self.real, self.thread = real, thread

    def __getattr__(self, name: str) -> Any:
        if threading.get_ident() == self.thread:
            deny("the environment")
        return getattr(self.real, name)

    def __getitem__(self, name: str) -> Any:
        return self.__getattr__("__getitem__")(name)

    def __contains__(self, name: str) -> bool:
        return bool(self.__getattr__("__contains__")(name))

    def __iter__(self) -> Any:
        return self.__getattr__("__iter__")()


def datetime_without_clock() -> types.ModuleType:
    """The module datetime without its clock and without the local time zone."""

    class Datetime(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            deny("the clock")

        @classmethod
        def utcnow(cls) -> Any:
            deny("the clock")

        @classmethod
        def today(cls) -> Any:
            deny("the clock")

        @classmethod
        def fromtimestamp(cls, timestamp: float, tz: Any = None) -> Any:
            return super().fromtimestamp(timestamp, tz or deny(ZONE))

        def astimezone(self, tz: Any = None) -> Any:
            return super().astimezone(tz) if tz and self.tzinfo else deny(ZONE)

        def timestamp(self) -> float:
            return super().timestamp() if self.tzinfo else deny(ZONE)

    class Date(datetime.date):
        @classmethod
        def today(cls) -> Any:
            deny("the clock")

        @classmethod
        def fromtimestamp(cls, timestamp: float) -> Any:
            deny(ZONE)

    module = types.ModuleType("datetime")
    module.__dict__.update(
        {name: getattr(datetime, name) for name in dir(datetime) if not name.startswith("__")}
    )
    module.__dict__.update(datetime=Datetime, date=Date)
    return module
