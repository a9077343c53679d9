"""`caloron attack`: every kind is withstood, and a build with one defence taken out is noticed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.attack import text_of_defences
from bot.cli.main import caloron
from bot.harness.attack import Defence, Kind, Tried, kinds
from bot.harness.attack.without import attacked, miss
from shell.logging import set_up

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


WITHSTOOD = Kind("calm", "a calm day", lambda arena: (Tried(one, True) for one in "ab"), ())
NOT_HERE = Kind(
    "wild", "a wild night", lambda arena: (Tried(one, True) for one in "ab"), (), lambda: "no root"
)
BROKEN = Kind("lost", "a lost day", lambda arena: (Tried(one, False) for one in "ab"), ())


def attack_with(monkeypatch: pytest.MonkeyPatch, folder: Path, *played: Kind) -> Result:
    """What `caloron attack` says where there are only these kinds."""
    monkeypatch.setattr("bot.harness.attack.kinds", lambda: {kind.name: kind for kind in played})
    try:
        return CliRunner().invoke(caloron, ["attack", "--folder", str(folder)])
    finally:
        set_up("test")  # its log is closed by now


def test_what_was_not_played_is_not_claimed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = attack_with(monkeypatch, tmp_path, WITHSTOOD)
    assert said.exit_code == 0 and said.output.rstrip().endswith("\nEvery attack was withstood.")

    said = attack_with(monkeypatch, tmp_path, WITHSTOOD, NOT_HERE)
    assert said.exit_code == 1
    assert "Of what was played: every attack was withstood.\n" in said.output
    assert "Not played: wild, because no root." in said.output
    assert "Error: Not played here: wild. Mend what is missing, or name the other kinds" in said.output

    said = attack_with(monkeypatch, tmp_path, NOT_HERE)
    assert said.exit_code == 1 and "withstood" not in said.output

    said = attack_with(monkeypatch, tmp_path, BROKEN, NOT_HERE)
    assert said.exit_code == 1 and "withstood" not in said.output
    assert "Some attacks succeeded" in said.output and "Not played: wild" in said.output


def test_a_defence_that_was_not_tried_is_not_claimed_to_be_noticed() -> None:
    missed = {"kind": "wild", "defence": "walls", "file": "x", "skipped": "no root", "seen": None}
    said = text_of_defences({"seed": 1, "defences": [missed], "noticed": True})
    assert "Not played: wild, because no root." in said and "was noticed" not in said


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
