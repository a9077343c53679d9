"""Settings: wrong and missing ones name themselves, and nothing starts."""

import os
from pathlib import Path

import pytest

from bot.web.serve import Server
from shell.agent.frameworks import FRAMEWORKS, SECRET
from shell.env_file import ENV_FILE, SENT_TO, not_read
from shell.settings import Settings, SettingsError

GOOD = {"CALORON_WEBHOOK_SECRET": "s3cret", "GITEA_URL": "http://forge.test/", "GITEA_TOKEN": "t0ken"}


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = {str(field.validation_alias) for field in Settings.model_fields.values()}
    for name in (names | {ENV_FILE, "ANTHROPIC_BASE_URL"}) & set(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("CALORON_HOME", str(tmp_path / "home"))
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
        ({"CALORON_REPOS": "*/*"}, "CALORON_REPOS", "owner/*"),
        ({"CALORON_OWNERS": "acme"}, "CALORON_OWNERS", "GITHUB_APP_ID"),
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
        CALORON_REPOS="acme/shop, site/*,",
        CALORON_STALL_M="0.05",
        CALORON_HOME=str(tmp_path / "home"),
        PORT="9000",
        CALORON_WEBHOOK_SECRET="new, old",
    )
    assert settings.repos == ("acme/shop", "site/*")
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


def write_env_file(file: Path, text: str, mode: int = 0o600) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def test_explained_says_where_each_came_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write_env_file(tmp_path / "home" / "env", "CALORON_TICK_S=7\nPORT=9001\n")
    load(monkeypatch, PORT="9000", REDIS_URL="redis://:hidden@store/0", CALORON_HOME=str(tmp_path / "home"))
    rows = {row["name"]: row for row in Settings.explain()}
    assert (rows["CALORON_TICK_S"]["value"], rows["CALORON_TICK_S"]["source"]) == ("7", str(file))
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


def test_the_current_folders_file_is_never_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_env_file(tmp_path / ".env", "CALORON_TICK_S=7\nGITHUB_TOKEN=stolen\nPORT=nine\n")
    settings = load(monkeypatch, CALORON_HOME=str(tmp_path / "home"))
    assert settings.tick_s == 60 and settings.github_token is None
    line = not_read(os.environ)
    assert line and "is not read any more" in line and f"{tmp_path / 'home' / 'env'}" in line
    monkeypatch.setenv(ENV_FILE, str(tmp_path / ".env"))
    assert not_read(os.environ) is None


def test_a_named_file_is_read_as_it_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "elsewhere"
    file = write_env_file(tmp_path / "bot.env", f"CALORON_HOME={home}\nGITHUB_TOKEN=a${{HOME}}$b\n")
    monkeypatch.setenv(ENV_FILE, str(file))
    monkeypatch.delenv("CALORON_HOME")
    settings = load(monkeypatch)
    assert settings.home == home and settings.github_token == "a${HOME}$b"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("mode 0640", "chmod 600"),
        ("mode 0602", "chmod 600"),
        ("a folder", "is not a file of text"),
        ("a pipe", "is not a file of text"),
        ("missing", "is not there"),
        ("binary", "is not UTF-8 text"),
        ("large", "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_not_ours_alone_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, words: str
) -> None:
    file = tmp_path / "bot.env"
    match given.split():
        case ["mode", mode]:
            write_env_file(file, "PORT=9000\n", int(mode, 8))
        case [_, "folder"]:
            file.mkdir()
        case [_, "pipe"]:
            os.mkfifo(file, 0o600)
        case ["binary"]:
            write_env_file(file, "").write_bytes(b"PORT=\xff\n")
        case ["large"]:
            write_env_file(file, "#" * (1024 * 1024 + 1))
    monkeypatch.setenv(ENV_FILE, str(file))
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch)
    assert words in str(refused.value) and str(file) in str(refused.value)


def test_a_file_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write_env_file(tmp_path / "bot.env", "PORT=9000\n")
    monkeypatch.setenv(ENV_FILE, str(file))
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    with pytest.raises(SettingsError, match="belongs to another user"):
        load(monkeypatch)


def test_the_file_does_not_say_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_env_file(tmp_path / "home" / "env", f"CALORON_HOME={tmp_path}\n")
    with pytest.raises(SettingsError, match="set it in the environment"):
        load(monkeypatch, CALORON_HOME=str(tmp_path / "home"))


@pytest.mark.parametrize(
    ("written", "given", "named"),
    [
        ("GITHUB_API_URL=https://evil.test", {"GITHUB_TOKEN": "gh"}, "GITHUB_TOKEN"),
        ("GITEA_URL=https://evil.test", {"GITEA_URL": ""}, "GITEA_TOKEN"),
        ("GITHUB_TOKEN=gh", {"GITHUB_API_URL": "https://evil.test"}, "GITHUB_TOKEN"),
        ("CALORON_SHELL_URL=https://evil.test", {"CALORON_SHELL_TOKEN": "s"}, "CALORON_SHELL_TOKEN"),
        ("ANTHROPIC_BASE_URL=https://evil.test", {"ANTHROPIC_API_KEY": "k"}, "ANTHROPIC_API_KEY"),
        ("CALORON_REVIEWER_TOKEN=r", {}, "CALORON_REVIEWER_TOKEN"),
        ("GITHUB_API_URL=https://evil.test", {"CALORON_REVIEWER_TOKEN": "r"}, "CALORON_REVIEWER_TOKEN"),
        ("GOOGLE_GEMINI_BASE_URL=https://evil.test", {"GEMINI_API_KEY": "k"}, "GEMINI_API_KEY"),
        ("GOOGLE_API_KEY=k", {"GOOGLE_GEMINI_BASE_URL": "https://evil.test"}, "GOOGLE_API_KEY"),
    ],
)
def test_a_secret_goes_only_to_an_address_from_its_own_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, given: dict[str, str], named: str
) -> None:
    write_env_file(tmp_path / "home" / "env", f"{written}\n")
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **given, CALORON_HOME=str(tmp_path / "home"))
    (line,) = refused.value.lines
    assert line.startswith(f"{named} is from ") and "set both in one place" in line


def test_where_a_login_is_sent_only_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_env_file(tmp_path / "home" / "env", "CODEX_REFRESH_TOKEN_URL_OVERRIDE=https://evil.test\n")
    with pytest.raises(SettingsError, match="CODEX_REFRESH_TOKEN_URL_OVERRIDE is from the file"):
        load(monkeypatch, CALORON_HOME=str(tmp_path / "home"))
    load(
        monkeypatch, CODEX_REFRESH_TOKEN_URL_OVERRIDE="https://own.test", CALORON_HOME=str(tmp_path / "home")
    )


def test_of_each_secret_it_is_known_where_it_is_sent() -> None:
    """A new secret, or a new address of a model, belongs into `SENT_TO`."""
    models = {name for one in FRAMEWORKS.values() for name in one.variables if any(s in name for s in SECRET)}
    to_a_fixed_address = {"CURSOR_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY"}
    never_sent = {"CALORON_WEBHOOK_SECRET"}
    assert models | Settings.names(secret=True) <= SENT_TO.keys() | to_a_fixed_address | never_sent
    named = {
        name for one in FRAMEWORKS.values() for name in one.variables if "_BASE" in name or "_URL" in name
    }
    assert named <= {address for addresses in SENT_TO.values() for address in addresses}


def test_settings_of_one_source_each_may_be_spread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_env_file(tmp_path / "home" / "env", "GITHUB_TOKEN=gh\nGITHUB_API_URL=https://ghe.test/api/v3\n")
    settings = load(monkeypatch, CALORON_HOME=str(tmp_path / "home"))
    assert settings.forges == ("gitea", "github") and settings.github_api_url == "https://ghe.test/api/v3"
