"""The operator's logins: keys first; a file is copied, without its refresh token or to one task."""

import base64
import json
import time
from pathlib import Path

import pytest

from shell.agent.frameworks import FRAMEWORKS, LoginError
from shell.agent.logins import copy_logins, held_login, way_of, words_of

from .disk_forge import Stage

CLAUDE, CODEX, GEMINI = (FRAMEWORKS[name] for name in ("claude-code", "codex-cli", "gemini-cli"))


@pytest.fixture
def person(tmp_path: Path) -> Path:
    """An operator who has logged in by claude and codex."""
    home = tmp_path / "person"
    for name in (".claude", ".codex", ".gemini"):
        (home / name).mkdir(parents=True)
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 3600}).encode()).decode().rstrip("=")
    tokens = {"refresh_token": "r2", "access_token": f"e30.{claims}.sig"}
    (home / ".codex/auth.json").write_text(json.dumps({"tokens": tokens}))
    (home / ".gemini/oauth_creds.json").write_text('{"refresh_token": "r3"}')
    logged_in(home, 3600)
    return home


def logged_in(home: Path, for_s: float) -> None:
    token = {"accessToken": "a1", "refreshToken": "r1", "expiresAt": int((time.time() + for_s) * 1000)}
    (home / ".claude/.credentials.json").write_text(json.dumps({"claudeAiOauth": token}))


def test_with_a_key_no_login_is_copied(person: Path, tmp_path: Path) -> None:
    machine = {"HOME": str(person), "CLAUDE_CODE_OAUTH_TOKEN": "long-lived"}
    assert way_of(CLAUDE, machine) == "key"
    copy_logins(CLAUDE, machine, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_login_goes_without_its_refresh_token(person: Path, tmp_path: Path) -> None:
    copy_logins(CLAUDE, {"HOME": str(person)}, tmp_path / "home")
    copied = tmp_path / "home/.claude/.credentials.json"
    assert json.loads(copied.read_text())["claudeAiOauth"].keys() == {"accessToken", "expiresAt"}
    assert copied.stat().st_mode & 0o777 == 0o600
    assert "r1" in (person / ".claude/.credentials.json").read_text()


def test_a_login_of_codex_too(person: Path, tmp_path: Path) -> None:
    copy_logins(CODEX, {"HOME": str(person)}, tmp_path / "home")
    tokens = json.loads((tmp_path / "home/.codex/auth.json").read_text())["tokens"]
    assert tokens["refresh_token"] == "" and tokens["access_token"].startswith("e30.")
    (person / ".codex/auth.json").write_text('{"OPENAI_API_KEY": "sk-1", "tokens": null}')
    copy_logins(CODEX, {"HOME": str(person)}, tmp_path / "home")
    assert "sk-1" in (tmp_path / "home/.codex/auth.json").read_text()


def test_an_expired_login_is_said(person: Path, tmp_path: Path) -> None:
    logged_in(person, -10)
    with pytest.raises(LoginError, match=r"login of claude-code ended at .*`claude setup-token`"):
        copy_logins(CLAUDE, {"HOME": str(person)}, tmp_path / "home")
    (person / ".claude/.credentials.json").write_text("[]")
    with pytest.raises(LoginError, match="not in the known form"):
        copy_logins(CLAUDE, {"HOME": str(person)}, tmp_path / "home")


def test_a_login_that_cannot_be_parted_is_for_one_task_at_a_time(person: Path, tmp_path: Path) -> None:
    machine, locks, asked = {"HOME": str(person)}, tmp_path / "locks", []

    def three_times() -> bool:
        asked.append(1)
        return len(asked) < 3

    with held_login(GEMINI, machine, locks, lambda: True) as first:
        assert first
        with held_login(GEMINI, machine, locks, three_times) as second:
            assert not second and len(asked) == 3
        with held_login(CLAUDE, machine, locks, lambda: False) as other:
            assert other
    with held_login(GEMINI, machine, locks, lambda: True) as again:
        assert again
    copy_logins(GEMINI, machine, tmp_path / "home")
    assert "r3" in (tmp_path / "home/.gemini/oauth_creds.json").read_text()


def test_doctor_says_which_holds(person: Path) -> None:
    machine = {"HOME": str(person)}
    said = [words_of(way_of(framework, machine), framework) for framework in (CLAUDE, GEMINI)]
    assert "without its refresh token" in said[0] and "one task at a time" in said[1]
    assert "no login of aider" in words_of(way_of(FRAMEWORKS["aider"], machine), FRAMEWORKS["aider"])


def test_what_an_agent_makes_of_its_login_stays_in_its_home(stage: Stage) -> None:
    person = stage.folder / "person"
    (person / ".claude").mkdir(parents=True)
    logged_in(person, 3600)
    before = (person / ".claude/.credentials.json").read_text()
    result = stage.play("grep -c a1 ~/.claude/.credentials.json > n.md; echo x > ~/.claude/.credentials.json")
    assert stage.forge.text("n.md") == "1", result
    assert (person / ".claude/.credentials.json").read_text() == before
