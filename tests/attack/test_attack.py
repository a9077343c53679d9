"""`caloron attack`: every kind is withstood, and a build with one defence taken out is noticed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.harness.attack import Defence, Kind, kinds
from bot.harness.attack.without import attacked, miss

ROOT = Path(__file__).resolve().parents[2]
SEED = 1
DEFENCES = [
    pytest.param(
        kind,
        defence,
        id=f"{kind.name}: {defence.name}",
        marks=pytest.mark.skipif(
            number > 0 and "CALORON_ATTACK_DEFENCES" not in os.environ,
            reason="long: set CALORON_ATTACK_DEFENCES=1 to take out each defence, not one of each kind",
        ),
    )
    for kind in kinds().values()
    for number, defence in enumerate(kind.defences)
]


def test_every_defence_is_a_line_of_the_code() -> None:
    """Else nobody could take it out."""
    every = (defence for kind in kinds().values() for defence in kind.defences)
    gone = [one.name for one in every if (ROOT / one.file).read_text().count(one.old) != 1]
    assert not gone


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name: the kernel takes 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="attack-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_every_kind_is_withstood(kind: Kind, short_path: Path) -> None:
    row = attacked(kind, short_path, SEED)
    if row["skipped"]:
        pytest.skip(row["skipped"])
    assert not row["broken"]
    assert row["held"] == row["tried"] > 0


@pytest.mark.parametrize(("kind", "defence"), DEFENCES)
def test_a_build_without_one_defence_is_noticed(kind: Kind, defence: Defence, short_path: Path) -> None:
    found = miss(kind, defence, short_path / "d", SEED)
    if found.skipped:
        pytest.skip(found.skipped)
    assert found.seen, "the attack did not notice that a defence is missing"
