"""`caloron attack`: every kind is withstood, and a build with one defence taken out is noticed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli.up import environment
from bot.harness.attack import Defence, Kind, kinds

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("bot", "handlers", "stages", "compositions", "jobs", "shell")
DEFENCES = [(kind, defence) for kind in kinds().values() for defence in kind.defences]


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name: the kernel takes 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="attack-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def attacked(kind: Kind, folder: Path, source: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Play one kind against the code in `source`."""
    options = ["--short", "--kind", kind.name, "--folder", str(folder / "arena"), "--output", "json"]
    return subprocess.run(
        [sys.executable, "-P", "-m", "bot.cli", "attack", *options],
        capture_output=True,
        text=True,
        env=environment() | {"PYTHONPATH": str(source)},
        cwd=folder,
        check=False,
    )


def rows(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    assert done.stdout.strip(), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["kinds"]
    return found


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_every_kind_is_withstood(kind: Kind, short_path: Path) -> None:
    done = attacked(kind, short_path)
    (row,) = rows(done)
    if row["skipped"]:
        pytest.skip(row["skipped"])
    assert done.returncode == 0, done.stderr + done.stdout
    assert row["held"] == row["tried"] > 0


@pytest.mark.skipif(
    "CALORON_ATTACK_DEFENCES" not in os.environ, reason="long: set CALORON_ATTACK_DEFENCES=1 to play them"
)
@pytest.mark.parametrize(
    ("kind", "defence"), DEFENCES, ids=[f"{kind.name}: {defence.name}" for kind, defence in DEFENCES]
)
def test_a_build_without_one_defence_is_noticed(kind: Kind, defence: Defence, short_path: Path) -> None:
    if reason := kind.cannot():
        pytest.skip(reason)
    source = built_without(defence, short_path / "source")
    done = attacked(kind, short_path, source)
    (row,) = rows(done)
    assert done.returncode == 1 and row["broken"], "the command did not notice that a defence is missing"


def built_without(defence: Defence, folder: Path) -> Path:
    """A copy of the code in which this defence is taken out."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    file = folder / defence.file
    text = file.read_text()
    assert text.count(defence.old) == 1, f"{defence.file} has {text.count(defence.old)} times: {defence.old}"
    file.write_text(text.replace(defence.old, defence.new))
    return folder
