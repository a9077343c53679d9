"""Each process gets the secrets that it uses, and no other; what it masks it reads from an open file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.up import children, environment
from shell.own_environment import USES, kind_of, own_environment
from shell.settings import Settings

SECRETS = {
    "GITEA_TOKEN": "token-of-the-forge",
    "GITHUB_APP_PRIVATE_KEY": "key-of-the-app",
    "CALORON_WEBHOOK_SECRET": "secret-of-the-hooks",
    "CALORON_SHELL_TOKEN": "token-of-the-shell",
    "ANTHROPIC_API_KEY": "key-of-the-model",
    "OPENAI_API_KEY": "key-of-another-model",
    "AWS_SECRET_ACCESS_KEY": "somebody-elses",
}
OTHERS = {"GITEA_URL": "http://127.0.0.1:1", "GITHUB_APP_ID": "7", "CALORON_FRAMEWORK": "claude-code"}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    for name, value in {**SECRETS, **OTHERS, "CALORON_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def test_every_secret_setting_is_used_by_some_process() -> None:
    assert Settings.names(secret=True) <= frozenset().union(*USES.values())


def test_no_process_is_given_what_it_does_not_use(settings: Settings) -> None:
    held = os.open("/dev/null", os.O_RDONLY)
    for child in children(settings, held):
        uses = USES[kind_of(child.name)]
        text = "\0".join(f"{name}={value}" for name, value in child.environment.items())
        for name, value in SECRETS.items():
            assert (value in text) == (name in uses), f"{child.name}: {name}"


def test_what_agents_may_be_handed_reaches_their_workers_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "CALORON_AGENT_ENV": "SHOP_KEY,SHOP_URL",
        "SHOP_KEY": "key-1",
        "SHOP_URL": "u-2",
    }.items():
        monkeypatch.setenv(name, value)
    for child in children(Settings.load(), os.open("/dev/null", os.O_RDONLY)):
        given = {"SHOP_KEY", "SHOP_URL"} & child.environment.keys()
        assert given == ({"SHOP_KEY", "SHOP_URL"} if kind_of(child.name) == "agents" else set()), child.name


PROGRAM = """
from shell.settings import Settings
from shell.secrets import mask
settings = Settings.load()
print(settings.forges, mask("{words}"))
from shell.parent import keep_unreadable
keep_unreadable()
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
import os
print(len(os.listdir("/proc/self/fd")) if os.getuid() == 0 else "-")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no prctl")
def test_a_process_starts_without_them_and_masks_them_all(settings: Settings) -> None:
    held = os.open("/dev/null", os.O_RDONLY)
    words = " ".join(SECRETS.values())
    for child in children(settings, held):
        done = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM.format(words=words)],
            env=dict(child.environment),
            pass_fds=child.keep_open,
            capture_output=True,
            text=True,
            check=True,
        )
        forges, dumpable, *_ = done.stdout.splitlines()
        assert forges.startswith("('gitea', 'github')") and dumpable == "0", child.name
        if kind_of(child.name) in ("events", "actions", "agents", "clock"):
            left = [
                value
                for name, value in SECRETS.items()
                if name != "AWS_SECRET_ACCESS_KEY" and value in forges
            ]
            assert left == [], child.name


def test_a_withheld_secret_is_not_read_from_the_file_of_settings(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in {**SECRETS, **OTHERS}.items()))
    file.chmod(0o600)
    own = own_environment("web", environment() | {"CALORON_HOME": str(tmp_path)}, settings)
    own = {name: value for name, value in own.items() if name not in {**SECRETS, **OTHERS}}
    program = (
        "from shell.settings import Settings; s = Settings.load(); print(s.gitea_token, s.webhook_secrets)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env=own, capture_output=True, text=True, check=True
    )
    assert SECRETS["GITEA_TOKEN"] not in done.stdout and SECRETS["CALORON_WEBHOOK_SECRET"] in done.stdout


@pytest.mark.parametrize("written", [{}, {"CALORON_SHELL_TOKEN": "a-token-of-the-shell"}])
def test_the_surface_s_address_may_stand_in_the_file_of_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: dict[str, str]
) -> None:
    file = tmp_path / "env"
    given = {"GITEA_URL": "http://127.0.0.1:1", "GITEA_TOKEN": "t", "CALORON_WEBHOOK_SECRET": "s"}
    given |= {"CALORON_SHELL_URL": "http://127.0.0.1:7710", **written}
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
    file.chmod(0o600)
    for name in {"CALORON_SHELL_TOKEN", *given} & set(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("CALORON_HOME", str(tmp_path))
    held = os.open("/dev/null", os.O_RDONLY)
    [web] = [child for child in children(Settings.load(), held) if child.name == "web"]
    program = "from shell.settings import Settings; s = Settings.load(); print(s.shell_url, s.shell_token)"
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, env=dict(web.environment), capture_output=True, text=True, check=True)
    url, token = done.stdout.split()
    assert url == given["CALORON_SHELL_URL"] and token == web.environment["CALORON_SHELL_TOKEN"]
