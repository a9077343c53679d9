"""Builds with one defence taken out, each attacked by its kind: some attempt must succeed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.cli.up import environment
from bot.harness.environment import HarnessError

from .kind import Defence, Kind

_ROOT = Path(__file__).resolve().parents[3]
_ROOMS = ("bot", "handlers", "stages", "compositions", "jobs", "shell")


@dataclass(frozen=True)
class Missed:
    """How the attack took it that a defence is missing."""

    kind: Kind
    defence: Defence
    skipped: str | None
    """Why it could not be played on this machine, if so."""
    seen: str | None
    """The first attempt that succeeded; None if every attempt was still withstood."""


def miss_each(folder: Path, seed: int, chosen: Sequence[Kind]) -> Iterator[Missed]:
    """Take out each defence of these kinds in turn."""
    for kind in chosen:
        for number, defence in enumerate(kind.defences):
            yield miss(kind, defence, folder / f"{kind.name}-{number}", seed)


def miss(kind: Kind, defence: Defence, folder: Path, seed: int) -> Missed:
    """Play the kind against a build without this defence, until an attempt succeeds."""
    folder.mkdir(parents=True)
    try:
        source = _built_without(defence, folder / "source")
        row = attacked(kind, folder, seed, "--first", source=source)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    broken = [f"{one['name']}: {one['seen']}" for one in row["broken"]]
    return Missed(kind, defence, row["skipped"], broken[0] if broken else None)


def attacked(kind: Kind, folder: Path, seed: int, *options: str, source: Path = _ROOT) -> dict[str, Any]:
    """The row of the report after a short play of this kind, by a process of its own, against this code."""
    where = ["--folder", str(folder / "arena"), "--kind", kind.name, "--seed", str(seed)]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bot.cli", "attack", "--short", *where, "--output", "json", *options],
        capture_output=True,
        text=True,
        env=environment() | {"PYTHONPATH": str(source)},
        cwd=folder,
        check=False,
    )
    try:
        [row] = json.loads(done.stdout)["kinds"]
    except ValueError:
        raise HarnessError(f"The attack itself failed: {done.stderr.strip()[-2000:]}") from None
    return dict(row)


def _built_without(defence: Defence, folder: Path) -> Path:
    """A copy of the code in which this defence is taken out; what is compiled of the rest is copied too."""
    file = folder / defence.file
    for room in _ROOMS:
        shutil.copytree(_ROOT / room, folder / room, ignore=shutil.ignore_patterns(f"{file.stem}.*.pyc"))
    text = file.read_text()
    if (count := text.count(defence.old)) != 1:
        raise HarnessError(f"{defence.name}: {defence.file} has this {count} times, not once: {defence.old}")
    file.write_text(text.replace(defence.old, defence.new))
    return folder


def missed(seed: int, each: Iterator[Missed]) -> dict[str, Any]:
    """The report: which attempt noticed that a defence is missing."""
    rows = [
        {
            "kind": one.kind.name,
            "defence": one.defence.name,
            "file": one.defence.file,
            "skipped": one.skipped,
            "seen": one.seen,
        }
        for one in each
    ]
    return {"seed": seed, "defences": rows, "noticed": all(row["seen"] or row["skipped"] for row in rows)}
