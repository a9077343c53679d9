"""Which framework is taken where none is named: the first that is installed and has a key or a login."""

from pathlib import Path

import pytest

from shell.agent.frameworks import FRAMEWORKS
from shell.agent.ready import first_ready, missing
from shell.settings import Settings

CONFIGURED = {
    "CALORON_WEBHOOK_SECRET": "a-secret-of-the-hook",
    "GITEA_URL": "http://forge.test",
    "GITEA_TOKEN": "token-0123456789",
}


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """A machine with gemini and codex installed, and no key."""
    for name in ("gemini", "codex-acp"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}


def test_an_installed_agent_with_a_key_is_taken(machine: dict[str, str], tmp_path: Path) -> None:
    both = {"OPENAI_API_KEY": "k-0123456789", "ANTHROPIC_API_KEY": "k-0123456789"}
    assert first_ready(machine | both, tmp_path) == "codex-cli"
    assert first_ready(machine | {"GEMINI_API_KEY": "k-0123456789"}, tmp_path) == "gemini-cli"


def test_a_login_counts_as_a_key_does(machine: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".gemini").mkdir()
    (tmp_path / ".gemini/oauth_creds.json").write_text("{}")
    assert first_ready(machine, tmp_path) == "gemini-cli"


def test_what_was_set_up_in_the_bots_home_is_installed(tmp_path: Path) -> None:
    program = tmp_path / "frameworks/claude-code" / FRAMEWORKS["claude-code"].installed_at
    program.parent.mkdir(parents=True)
    program.write_text("#!/usr/bin/env node\n")
    machine = {"PATH": "/nowhere", "HOME": str(tmp_path), "ANTHROPIC_API_KEY": "k-0123456789"}
    assert first_ready(machine, tmp_path) == "claude-code"


def test_without_any_agent_the_built_in_one_is_taken_if_it_has_a_key(tmp_path: Path) -> None:
    nowhere = {"PATH": "/nowhere", "HOME": str(tmp_path)}
    assert first_ready(nowhere | {"ANTHROPIC_API_KEY": "k-0123456789"}, tmp_path) == "anthropic"
    assert first_ready(nowhere, tmp_path) == "claude-code"
    words = missing(FRAMEWORKS["claude-code"], nowhere, tmp_path)
    assert words and "caloron agents setup claude-code" in words


def test_what_is_installed_without_a_key_says_so(machine: dict[str, str], tmp_path: Path) -> None:
    words = missing(FRAMEWORKS["gemini-cli"], machine, tmp_path)
    assert words and words.startswith("gemini-cli has no key and no login: ")


def test_the_settings_take_it_unless_one_is_named(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = CONFIGURED | machine | {"GEMINI_API_KEY": "k-0123456789", "CALORON_HOME": str(tmp_path)}
    for name in ("CALORON_FRAMEWORK", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "CODEX_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    assert Settings.load().framework == "gemini-cli"
    assert "framework" not in Settings.load().model_fields_set, "nobody chose it"
    monkeypatch.setenv("CALORON_FRAMEWORK", "claude-code")
    assert Settings.load().framework == "claude-code"
