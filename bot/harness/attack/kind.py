"""What one kind of attack declares: how it is played, and which lines of the code defend against it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Arena:
    """Where a kind is played: an empty folder of its own, its randomness, and whether it is a short run."""

    folder: Path
    random: random.Random
    short: bool


@dataclass(frozen=True)
class Tried:
    """One attempt: `held` if the bot withstood it; `seen` says what happened."""

    name: str
    held: bool
    seen: str = ""


@dataclass(frozen=True)
class Defence:
    """A line of the code that defends: with `old` replaced by `new` in `file`, some attempt must succeed."""

    name: str
    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Kind:
    """A kind of attack; its module declares it as `KIND`."""

    name: str
    what: str
    play: Callable[[Arena], Iterator[Tried]]
    defences: tuple[Defence, ...]
    cannot: Callable[[], str | None] = lambda: None
    """Why it cannot be played on this machine, if so."""
