"""What of the operator's environment a repository has handed to its agents: nothing that nobody allowed."""

from pathlib import Path

import pytest

from bot.cli import doctor
from shell.agent.frameworks import FRAMEWORKS, LoginError
from shell.agent.handed_in import handed_in, secrets_among
from shell.agent.logins import mark_of
from shell.config_file import read_config
from shell.secrets import mask
from shell.settings import Settings, SettingsError

from .disk_forge import Stage

CONFIGURED = {
    "GITEA_URL": "http://forge.test",
    "GITEA_TOKEN": "t-of-the-forge",
    "CALORON_WEBHOOK_SECRET": "s" * 9,
}


def test_an_agent_gets_what_the_repository_names_and_the_operator_allows(stage: Stage) -> None:
    stage.environment |= {"STAGING_URL": "https://staging.test", "STAGING_TOKEN": "t0ken-of-staging"}
    stage.agent_env = ("STAGING_URL", "STAGING_TOKEN", "ANOTHER")
    result = stage.play(
        "echo $STAGING_URL > url.txt; echo $STAGING_TOKEN", env=["STAGING_URL", "STAGING_TOKEN"]
    )
    assert result["outcome"] == "done", result["reason"]
    assert stage.forge.text("url.txt") == "https://staging.test"
    assert "t0ken-of-staging" not in result["output_tail"] and "•••" in result["output_tail"]


def test_an_agent_gets_no_variable_that_its_repository_does_not_name(stage: Stage) -> None:
    stage.environment |= {"STAGING_URL": "https://staging.test"}
    stage.agent_env = ("STAGING_URL",)
    stage.play("echo [$STAGING_URL] > url.txt")
    assert stage.forge.text("url.txt") == "[]"


@pytest.mark.parametrize(
    ("allowed", "words"),
    [((), "has not allowed that; CALORON_AGENT_ENV"), (("STAGING_URL",), "has not set it where they run")],
)
def test_no_agent_starts_without_what_it_is_to_be_handed(
    stage: Stage, allowed: tuple[str, ...], words: str
) -> None:
    """The framework is paused until the operator has changed that."""
    if not allowed:
        stage.environment |= {"STAGING_URL": "https://staging.test"}
    stage.agent_env = allowed
    result = stage.play("echo $STAGING_URL > url.txt", env=["STAGING_URL"])
    assert result["outcome"] == "auth" and stage.forge.branches() == ["main"]
    assert "hands STAGING_URL to agents" in result["reason"] and words in result["reason"]


def test_what_the_run_sets_itself_stays(stage: Stage) -> None:
    with pytest.raises(LoginError, match="has not allowed"):
        handed_in(["HOME"], {"HOME": "/root"}, ["HOME"])


@pytest.mark.parametrize(
    "name",
    [
        *(
            "CALORON_WEBHOOK_SECRET",
            "CALORON_ANYTHING",
            "GITEA_TOKEN",
            "GITHUB_TOKEN",
            "GITHUB_APP_PRIVATE_KEY",
        ),
        *("gitea_token", "REDIS_URL", "HOST", "PORT", "PATH", "HOME", "LD_PRELOAD", "GIT_SSH_COMMAND"),
        *("HTTPS_PROXY", "NODE_OPTIONS", "A B", "x=y", "*"),
    ],
)
def test_the_operator_cannot_allow_what_is_the_bots_own(name: str) -> None:
    with pytest.raises(ValueError, match="CALORON_AGENT_ENV"):
        Settings.of({**CONFIGURED, "CALORON_AGENT_ENV": f"FINE,{name}"})


def test_a_secret_of_the_bot_is_none_under_another_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {"CALORON_HOME": str(tmp_path), "CALORON_AGENT_ENV": "MINE,OTHER", "MINE": "a token-of-mine"}
    for name, value in {**CONFIGURED, **given}.items():
        monkeypatch.setenv(name, value)
    assert Settings.load().agent_env == ("MINE", "OTHER")
    monkeypatch.setenv("OTHER", f"token {CONFIGURED['GITEA_TOKEN']}")
    with pytest.raises(SettingsError, match="names OTHER, which holds a secret of the bot"):
        Settings.load()


def test_what_is_handed_in_is_masked_by_its_name_and_form(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = "postgres://shop:pass-of-the-shop@db.test/shop"
    given = {
        "CALORON_HOME": str(tmp_path),
        "SHOP_DB": address,
        "SHOP_KEY": "key-of-shop",
        "SHOP_MODE": "production",
    }
    for name, value in {**CONFIGURED, **given, "CALORON_AGENT_ENV": "SHOP_DB,SHOP_KEY,SHOP_MODE"}.items():
        monkeypatch.setenv(name, value)
    Settings.load()
    shown = mask(f"{address} key-of-shop production")
    assert "pass-of-the-shop" not in shown and "key-of-shop" not in shown and "production" in shown
    assert secrets_among({"SHOP_MODE": "production"}) == []


def test_a_pause_ends_once_what_is_handed_in_has_changed() -> None:
    framework, names = FRAMEWORKS["claude-code"], ["STAGING_URL"]
    before = mark_of(framework, {}, names)
    assert before == mark_of(framework, {"OTHER": "x"}, names)
    assert before != mark_of(framework, {"STAGING_URL": "https://staging.test"}, names)


def test_the_repository_names_variables_only() -> None:
    assert read_config("agents: {env: [STAGING_URL, A1]}")["values"] == {"env": ["STAGING_URL", "A1"]}
    for wrong in ("STAGING_URL=x", "$X", "1A", ""):
        [problem] = read_config(f"agents: {{env: ['{wrong}']}}")["problems"]
        assert problem["message"].startswith("`agents.env.0` ")


def test_doctor_says_what_may_be_handed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALORON_HOME", str(tmp_path))
    monkeypatch.setenv("SHOP_MODE", "test")
    assert list(doctor.allowed_variables(Settings.model_construct(agent_env=()))) == []
    [good] = doctor.allowed_variables(Settings.model_construct(agent_env=("SHOP_MODE",)))
    [mind] = doctor.allowed_variables(Settings.model_construct(agent_env=("SHOP_MODE", "SHOP_URL")))
    assert (good.state, mind.state) == ("good", "mind") and "not set here: SHOP_URL" in mind.words
