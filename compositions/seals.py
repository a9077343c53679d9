"""The seals: every way to the world closed, so that a stage which reaches for it is caught."""

import builtins
import contextlib
import datetime
import io
import os
import random
import socket
import subprocess
import sys
import threading
import time
import types
import uuid
from collections.abc import Iterator
from typing import Any


class Touched(BaseException):
    """A stage reached for the world; no `except Exception` of its own hides that."""


FORBIDDEN: list[tuple[Any, str, str]] = [
    (builtins, "open", "a file"),
    (builtins, "input", "the terminal"),
    (io, "open", "a file"),
    (os, "open", "a file"),
    (os, "listdir", "a file"),
    (os, "stat", "a file"),
    (os, "getenv", "the environment"),
    (os, "system", "a process"),
    (os, "fork", "a process"),
    (os, "urandom", "randomness"),
    (subprocess, "Popen", "a process"),
    (socket, "socket", "a socket"),
    (socket, "create_connection", "a socket"),
    (random, "random", "randomness"),
    (random, "randint", "randomness"),
    (random, "choice", "randomness"),
    (random, "shuffle", "randomness"),
    (uuid, "uuid4", "randomness"),
    (time, "time", "the clock"),
    (time, "time_ns", "the clock"),
    (time, "monotonic", "the clock"),
    (time, "perf_counter", "the clock"),
    (time, "localtime", "the clock"),
    (time, "gmtime", "the clock"),
    (time, "sleep", "the clock"),
]


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
        replace(seals, os, "environ", SealedEnvironment(os.environ, here))
        seals.callback(sys.modules.__setitem__, "datetime", datetime)
        sys.modules["datetime"] = clockless()
        yield


def touch(what: str) -> None:
    raise Touched(f"it reaches for {what}")


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

    class Date(datetime.date):
        @classmethod
        def today(cls) -> Any:
            touch("the clock")

    module = types.ModuleType("datetime")
    module.__dict__.update(
        {name: getattr(datetime, name) for name in dir(datetime) if not name.startswith("__")}
    )
    module.__dict__.update(datetime=Datetime, date=Date)
    return module
