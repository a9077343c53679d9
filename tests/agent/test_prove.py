"""The table of what agents do: its form, and its place in the documentation."""

import os
from pathlib import Path

import pytest

from bot.harness.agent_bot import KEYS
from bot.harness.environment import HarnessError
from bot.harness.prove import play_agent, table_of, write_into
from shell.agent.setup import installable, version
from tests.real_frameworks import WALLS, installed

DOCS = Path(__file__).parents[2] / "docs/agents.md"


def test_each_agent_is_a_row_with_its_version() -> None:
    rows = {"aider": {"edits": "yes", "stop": "0.4 s"}, "codex-cli": {"edits": "a|b", "stop": "no"}}
    assert table_of(rows, {"aider": "1.0", "codex-cli": "2.0"}).splitlines() == [
        "| agent | edits | stop |",
        "| --- | --- | --- |",
        "| `aider` 1.0 | yes | 0.4 s |",
        "| `codex-cli` 2.0 | a b | no |",
    ]


def test_the_page_keeps_all_but_its_table(tmp_path: Path) -> None:
    page = tmp_path / "agents.md"
    page.write_text(DOCS.read_text())
    write_into(page, "| one |")
    write_into(page, "| two |")
    text = page.read_text()
    assert "\n| two |\n" in text and "| one |" not in text
    assert text.partition("<!-- what was seen")[0] == DOCS.read_text().partition("<!-- what was seen")[0]
    page.write_text("nothing")
    with pytest.raises(HarnessError, match="no place for the table"):
        write_into(page, "| three |")


@pytest.mark.parametrize("name", installable())
def test_an_agent_that_can_be_set_up_can_be_proved_in_the_version_of_the_docs(name: str) -> None:
    assert KEYS[name]
    assert f"| `{name}` | `" in DOCS.read_text() and f"| {version(name)} |" in DOCS.read_text()


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
def test_what_an_agent_does_is_seen(tmp_path: Path) -> None:
    if (there := installed("open-code")) is None:
        pytest.skip("open-code is not installed; `tests/tools/frameworks install` does it")
    row = play_agent("open-code", there, tmp_path, seed=1, plays=("works", "is stopped"))
    assert row["starts"].startswith("yes (") and row["edits"] == row["runs commands"] == "yes"
    assert int(row["tokens"]) > 0 and row["stop"].endswith(" s")


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
def test_an_agent_fixes_what_a_check_found(tmp_path: Path) -> None:
    """Its bot leaves this process as it was."""
    if (there := installed("codex-cli")) is None:
        pytest.skip("codex-cli is not installed; `tests/tools/frameworks install` does it")
    before = dict(os.environ), Path.cwd()
    row = play_agent("codex-cli", there, tmp_path, seed=1, plays=("red check",))
    assert row["red check"].startswith("fixed (")
    assert (dict(os.environ), Path.cwd()) == before


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
def test_an_agent_goes_on_in_its_session_and_takes_words_in_its_turn(tmp_path: Path) -> None:
    if (there := installed("codex-cli")) is None:
        pytest.skip("codex-cli is not installed; `tests/tools/frameworks install` does it")
    row = play_agent("codex-cli", there, tmp_path, seed=1, plays=("is sent back", "next run", "is told"))
    assert row["sent back"].startswith("same session (") and row["told"].startswith("in its turn (")
    assert row["next run"].startswith("same session (")
