"""Attacks on a bot of one's own: hostile agents, texts, deliveries, approvals, disks; and what held."""

import importlib
import pkgutil
import random
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .kind import Arena, Defence, Kind, Tried

__all__ = ["Arena", "Defence", "Kind", "Tried", "kinds", "play", "summary"]


def kinds() -> dict[str, Kind]:
    """Every kind of attack by its name: each module of this package that declares `KIND`."""
    modules = (
        importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)
    )
    found = [module.KIND for module in modules if hasattr(module, "KIND")]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)}


@dataclass(frozen=True)
class Played:
    """All attempts of one kind; `skipped` says why it could not be played here."""

    kind: Kind
    tried: list[Tried]
    skipped: str | None = None

    @property
    def broken(self) -> list[Tried]:
        """The attempts that the bot did not withstand."""
        return [attempt for attempt in self.tried if not attempt.held]


def play(
    folder: Path, seed: int, short: bool, names: Sequence[str] = (), first: bool = False
) -> Iterator[Played]:
    """Play the named kinds (all of them if none is named), each in a folder of its own.

    With `first` a kind ends at its first attempt that succeeds.
    """
    for name, kind in kinds().items():
        if names and name not in names:
            continue
        where = folder / name
        where.mkdir(parents=True, exist_ok=True)
        if reason := kind.cannot():
            yield Played(kind, [], reason)
        else:
            arena = Arena(where, random.Random(f"{seed} {name}"), short)
            yield Played(kind, _tried(kind.play(arena), first))


def _tried(attempts: Iterator[Tried], first: bool) -> list[Tried]:
    tried = []
    with closing(cast("Generator[Tried]", attempts)):  # what it started ends with it
        for attempt in attempts:
            tried.append(attempt)
            if first and not attempt.held:
                break
    return tried


def summary(seed: int, played: Iterable[Played]) -> dict[str, Any]:
    """The report: tried and held per kind, and every attempt that did not hold."""
    rows = [
        {
            "kind": one.kind.name,
            "what": one.kind.what,
            "tried": len(one.tried),
            "held": len(one.tried) - len(one.broken),
            "skipped": one.skipped,
            "broken": [{"name": attempt.name, "seen": attempt.seen} for attempt in one.broken],
        }
        for one in played
    ]
    empty = [row for row in rows if not row["tried"] and not row["skipped"]]
    return {
        "seed": seed,
        "kinds": rows,
        "held": not empty and all(row["tried"] == row["held"] for row in rows),
        "played": sum(not row["skipped"] for row in rows),
    }
