"""The engine gives the real one's recorded answers, and a comparison that differs says so."""

import json
from pathlib import Path

import pytest

from compositions.conformance import compare, differences, main, parse_fault

FIXTURES = Path(__file__).parents[1] / "fixtures" / "noether"


def test_every_recorded_answer_is_ours_too() -> None:
    said: list[str] = []
    passed, failed = compare(FIXTURES, said.append)
    assert (said, failed) == ([], 0)
    assert passed > 700


def test_a_difference_is_told_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [
        {"sub": "Text", "sup": "Text", "compatible": True, "reason": None},
        {"sub": "Text", "sup": "Bool", "compatible": False, "reason": "expected Bool, got Number"},
    ]
    (tmp_path / "subtyping.json").write_text(json.dumps(pairs))
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert printed.endswith("1 passed, 1 failed\n")
    assert '"expected Bool, got Number"' in printed
    assert '"expected Bool, got Text"' in printed


def test_a_folder_without_vectors_does_not_pass(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 1
    assert main([]) == 2


def test_numbers_of_another_kind_differ() -> None:
    assert list(differences({"a": [1]}, {"a": [1.0]})) == [(".a[0]", 1, 1.0)]
    assert list(differences({"a": True}, {"a": 1})) == [(".a", True, 1)]
    assert list(differences({"a": None}, {})) == [(".a", None, "(nothing)")]


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("noise\n{}\n", "expected ident at line 1 column 2"),
        ("NaN\n", "expected value at line 1 column 1"),
        ("", "EOF while parsing a value at line 1 column 0"),
    ],
)
def test_what_spoils_an_output(printed: str, words: str) -> None:
    assert parse_fault(printed) == words
