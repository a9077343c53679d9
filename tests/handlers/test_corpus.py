"""The corpus of texts, and the program that checks one."""

import json
import re
from pathlib import Path

import pytest

from handlers import corpus
from handlers.commands import COMMANDS

CORPUS = Path(__file__).parent / "corpus.jsonl"
LINES = CORPUS.read_text(encoding="utf-8").splitlines()
EXPECTED = [one for line in LINES for one in json.loads(line)["expect"]]


def test_every_case_is_read_as_expected() -> None:
    differences = [found for line in LINES if (found := corpus.check_line(line))]
    assert not differences, "\n".join(differences)


def test_every_command_has_a_case() -> None:
    assert set(COMMANDS) == {one[0] for one in EXPECTED if isinstance(one, list)}


def test_every_mistake_has_a_case() -> None:
    source = "".join(path.read_text() for path in Path(corpus.__file__).parent.glob("*.py"))
    mistakes = set(re.findall(r'Fault\(\s*"([a-z-]+)"', source)) - {
        "too-many-commands",
        "too-much-work",
    }  # notices
    assert mistakes == {one["error"] for one in EXPECTED if isinstance(one, dict)} != set()


def test_a_corpus_that_holds_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"text": "/ping", "expect": [["ping", {"positional": [], "flags": {}}]], "id": 3}\n\n')
    assert corpus.main([str(cases)]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


def test_each_difference_is_printed_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text(
        '{"text": "/ping", "expect": []}\n{"text": "hi", "expect": []}\nnot json\n{"expect": []}\n'
    )
    assert corpus.main([str(cases)]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "1 passed, 3 failed"
    assert printed[0].startswith("line 1: ") and '["ping"' in printed[2]


def test_the_order_of_what_is_read_counts() -> None:
    ping, status = (["ping", {"positional": [], "flags": {}}], ["status", {"positional": [], "flags": {}}])
    assert corpus.difference({"text": "/ping\n/status", "expect": [ping, status]}) is None
    assert corpus.difference({"text": "/ping\n/status", "expect": [status, ping]}) is not None


def test_without_a_file_it_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert corpus.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert corpus.main([str(tmp_path / "none.jsonl")]) == 2
    assert "cannot be read" in capsys.readouterr().err
