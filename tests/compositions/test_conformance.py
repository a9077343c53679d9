"""The engine gives the real one's recorded answers, and a comparison that differs says so."""

import json
from pathlib import Path

import pytest

from compositions.conformance import compare, differences, main
from compositions.recorded import RecordedStage, StageError, parse_fault

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
        ("[1, -Infinity]\n", "invalid number at line 1 column 6"),
        ('{"NaN": NaN}\n', "expected value at line 1 column 9"),
        ("[1]\n2\n", "trailing characters at line 2 column 1"),
        ("1 2\n2\n", "trailing characters at line 1 column 3"),
        ("tree\n2\n", "expected ident at line 1 column 3"),
        ("", "EOF while parsing a value at line 1 column 0"),
    ],
)
def test_what_spoils_an_output(printed: str, words: str) -> None:
    assert parse_fault(printed) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('boom')", "stage error (exit 1): boom\n"),
        (
            "import sys; print('warn', file=sys.stderr); raise ValueError('boom')",
            "stage error (exit 1): warn\nboom\n",
        ),
        ("raise SystemExit('bye')", "stage error (exit 1): bye\n"),
        ("raise SystemExit(3)", "stage exited without output (exit 3)"),
        ("raise ValueError()", "stage exited without output (exit 1)"),
        ("return {1}", "stage error (exit 1): Object of type set is not JSON serializable\n"),
        ("open('/no/such/file')", "nix binary not found — is Nix installed?"),
        ("import time; time.sleep(40)", "timed out after 30s"),
        (
            "print('noise'); return 1",
            'failed to parse stage output as JSON: expected ident at line 1 column 2 (got: "noise\\n1\\n")',
        ),
    ],
)
def test_how_a_recorded_stage_fails(body: str, words: str) -> None:
    anything = {"kind": "Any"}
    effects = {"effects": [{"effect": "Pure"}]}
    stage = RecordedStage(
        {
            "name": "odd",
            "implementation": f"def execute(i):\n    {body}\n",
            "lifecycle": "Active",
            "signature": {"input": anything, "output": anything, "effects": effects},
        }
    )
    with pytest.raises(StageError) as told:
        stage.execute({})
    assert str(told.value) == words
