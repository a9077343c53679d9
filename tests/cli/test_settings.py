"""Settings: wrong and missing ones name themselves, and nothing starts."""

import os
from pathlib import Path

import pytest

from bot.web.serve import Server
from shell.settings import Settings, SettingsError

GOOD = {"CALORON_WEBHOOK_SECRET": "s3cret", "GITEA_URL": "http://forge.test/", "GITEA_TOKEN": "t0ken"}


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = {str(field.validation_alias) for field in Settings.model_fields.values()}
    for name in names & set(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in (GOOD | given).items():
        monkeypatch.setenv(name, value)
    return Settings.load()


@pytest.mark.parametrize(
    ("given", "named", "what_to_do"),
    [
        ({"CALORON_WEBHOOK_SECRET": ""}, "CALORON_WEBHOOK_SECRET", "openssl rand"),
        ({"CALORON_WEBHOOK_SECRET": " , "}, "CALORON_WEBHOOK_SECRET", "openssl rand"),
        ({"CALORON_WEBHOOK_SECRET": "one,,two"}, "CALORON_WEBHOOK_SECRET", "between its commas"),
        ({"GITEA_TOKEN": ""}, "GITEA_TOKEN", "token of the bot's account"),
        ({"GITEA_URL": ""}, "GITEA_URL", "address"),
        ({"GITEA_URL": "forge.test"}, "GITEA_URL", "https://"),
        ({"GITEA_URL": "", "GITEA_TOKEN": ""}, "GITEA_URL", "GITHUB_TOKEN"),
        ({"GITHUB_APP_ID": "12"}, "GITHUB_APP_PRIVATE_KEY", "key"),
        ({"PORT": "nine"}, "PORT", "integer"),
        ({"PORT": "7710"}, "CALORON_SHELL_PORT", "own port"),
        ({"CALORON_STALL_M": "0"}, "CALORON_STALL_M", "greater than 0"),
        ({"CALORON_FRAMEWORK": "magic"}, "CALORON_FRAMEWORK", "claude-code"),
        ({"CALORON_FRAMEWORK": "stub"}, "CALORON_STUB_FIXTURE", "replays"),
        ({"CALORON_STUB_FIXTURE": "gone.json"}, "CALORON_STUB_FIXTURE", "not there"),
        ({"CALORON_REPOS": "acme"}, "CALORON_REPOS", "owner/name"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL", "redis://"),
    ],
)
def test_a_wrong_one_names_itself_and_what_to_set(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str, what_to_do: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **given)
    assert [line for line in refused.value.lines if line.startswith(named) and what_to_do in line]


def test_a_refusal_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, PORT="nine")
    assert "s3cret" not in str(refused.value) and "t0ken" not in str(refused.value)
    assert "t0ken" not in repr(load(monkeypatch, PORT="9000"))


def test_lists_fractions_and_what_follows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load(
        monkeypatch,
        CALORON_REPOS="acme/shop, acme/site,",
        CALORON_STALL_M="0.05",
        CALORON_HOME=str(tmp_path / "home"),
        PORT="9000",
        CALORON_WEBHOOK_SECRET="new, old",
    )
    assert settings.repos == ("acme/shop", "acme/site")
    assert settings.stall_m == 0.05
    assert settings.gitea_url == "http://forge.test"
    assert settings.public_url == "http://127.0.0.1:9000"
    assert settings.kv_dir == tmp_path / "home" / "kv"
    assert settings.webhook_secrets == ("new", "old")
    assert settings.forges == ("gitea",)


def test_a_hook_secret_follows_from_the_master_and_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, CALORON_WEBHOOK_SECRET="new,old")
    path = "/webhooks/gitea/repo/12"
    assert settings.hook_secrets("/webhooks") == ["new", "old"]
    assert settings.hook_secret(path) == settings.hook_secrets(path)[0]
    assert len({*settings.hook_secrets(path), *settings.hook_secrets("/webhooks/gitea/repo/13")}) == 4


def test_a_long_home_still_gets_a_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load(monkeypatch, CALORON_HOME=str(tmp_path / ("deep" * 40)))
    assert len(os.fsencode(settings.store_socket)) < 108


def test_explained_says_where_each_came_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CALORON_TICK_S=7\nPORT=9001\n")
    load(monkeypatch, PORT="9000", REDIS_URL="redis://:hidden@store/0")
    rows = {row["name"]: row for row in Settings.explain()}
    assert (rows["CALORON_TICK_S"]["value"], rows["CALORON_TICK_S"]["source"]) == ("7", ".env")
    assert (rows["PORT"]["value"], rows["PORT"]["source"]) == ("9000", "environment")
    assert (rows["HOST"]["value"], rows["HOST"]["source"]) == ("127.0.0.1", "default")
    assert rows["GITEA_TOKEN"]["value"] == "•••"
    assert "hidden" not in rows["REDIS_URL"]["value"]


@pytest.mark.parametrize(
    ("host", "bind", "url"),
    [
        ("::", "[::]:8080", "http://127.0.0.1:8080"),
        ("::1", "[::1]:8080", "http://[::1]:8080"),
        ("[::1]", "[::1]:8080", "http://[::1]:8080"),
        ("10.0.0.1", "10.0.0.1:8080", "http://10.0.0.1:8080"),
    ],
)
def test_an_address_with_colons_stands_in_brackets(host: str, bind: str, url: str) -> None:
    told = {"CALORON_WEBHOOK_SECRET": "s", "GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t"}
    settings = Settings.of(told | {"HOST": host, "PORT": "8080"})
    assert Server(settings).cfg.bind[0] == bind
    assert settings.public_url == url
