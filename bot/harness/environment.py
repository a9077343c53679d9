"""A test environment: a forge and a bot of their own in one folder."""

import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import click

from bot.cli.supervise import Child, Supervisor
from bot.cli.up import environment
from bot.web.readiness import not_ready
from shell.env_file import ENV_FILE
from shell.forge import Forge, client_for
from shell.settings import Settings
from shell.store import Store, connect
from shell.store.ledger import Entry

BOT, USER = "caloron", "alice"
START_TIMEOUT_S = 150.0
_COLOURS = {BOT: "cyan", USER: "green"}


class HarnessError(click.ClickException):
    """A run did not go as expected; the message says where to look."""


@dataclass(frozen=True)
class Environment:
    """A running test environment: its folder, its forge, its bot."""

    folder: Path
    forge: dict[str, Any]
    settings: Settings
    store: Store
    started: float
    up: Child
    """The `caloron up` process, which starts all others."""

    def log(self, who: str, message: str) -> None:
        """Print one line with the seconds since the start."""
        seconds = click.style(f"{monotonic() - self.started:7.1f} s", dim=True)
        name = click.style(f"{who:<8}", fg=_COLOURS.get(who, "yellow"), bold=True)
        click.echo(f"{seconds}  {name} {message}", err=True)

    def client(self, login: str) -> Forge:
        """The forge as one account sees it."""
        return client_for("gitea", self.settings, token=self.forge["users"][login]["token"])

    def lane(self, repo: str) -> str:
        """The lane of a repository of this environment."""
        return f"gitea-{self.forge['repositories'][repo]['id']}"

    def journal(self, lane: str) -> Iterator[Entry]:
        """The journal's entries, from the first."""
        start = 0
        while entries := self.store.journal(lane, start):
            yield from entries
            start = entries[-1]["seq"] + 1

    @property
    def logs(self) -> Path:
        """The folder of the bot's log files."""
        return self.settings.home / "logs"


ForgeStarter = Callable[[Supervisor, Path, Sequence[str]], dict[str, Any]]
"""Starts a forge with these repositories; returns its `url`, `users` and `repositories`."""


@contextmanager
def start_environment(
    folder: Path, repos: Sequence[str], settings: Mapping[str, str], start_forge: ForgeStarter | None = None
) -> Iterator[Environment]:
    """Start a forge and a bot in the folder, wait until they are ready, and stop them on exit."""
    started = monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor([], lambda message: click.echo(f"{'':>9}  {'':<8} {message}"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        forge = (start_forge or start_fake_forge)(supervisor, folder, repos)
        own_settings = _use_own_settings(folder, forge, repos, settings)
        command = [sys.executable, "-P", "-m", "bot.cli", "up"]
        up = Child("caloron up", command, environment(), folder / "up.log")
        supervisor.children.append(up)
        up.start()
        store = Store(connect(own_settings.store_url, socket_timeout=2.0))
        env = Environment(folder, forge, own_settings, store, started, up)
        _wait_until_ready(env)
        yield env
    finally:
        supervisor.drain(last=("forge",))


def start_fake_forge(
    supervisor: Supervisor, folder: Path, repos: Sequence[str], options: Sequence[str] = ()
) -> dict[str, Any]:
    """Start the fake forge as a process of its own, and return what it prints about itself."""
    log = folder / "forge.log"
    log.unlink(missing_ok=True)
    accounts = ["--user", BOT, "--user", USER]
    place = ["--folder", str(folder / "forge"), "--port", str(free_port()), "--dialect", "gitea"]
    repositories = [word for repo in repos for word in ("--repository", repo)]
    command = [sys.executable, "-P", "-m", "bot.fake_forge", *place, *accounts, *repositories, *options]
    forge = Child("forge", command, environment(), log)
    supervisor.children.append(forge)
    forge.start()
    deadline = monotonic() + START_TIMEOUT_S
    while monotonic() < deadline and forge.died() is None:
        for line in log.read_text().splitlines():
            if line.startswith("{"):
                description: dict[str, Any] = json.loads(line)
                return description
        sleep(0.05)
    raise HarnessError(f"The forge did not start; see {log}")


def _use_own_settings(
    folder: Path, forge: dict[str, Any], repos: Sequence[str], overrides: Mapping[str, str]
) -> Settings:
    """Settings of the test bot alone: nothing of this machine's own bot is read or touched."""
    for field in Settings.model_fields.values():
        os.environ.pop(str(field.validation_alias), None)
    os.environ |= {
        "GITEA_URL": forge["url"],
        "GITEA_TOKEN": forge["users"][BOT]["token"],
        "CALORON_WEBHOOK_SECRET": secrets.token_hex(16),
        "CALORON_REPOS": ",".join(repos),
        "CALORON_HOME": str(folder / "home"),
        "CALORON_FRAMEWORK": "stub",
        "PORT": str(free_port()),
        "CALORON_SHELL_PORT": str(free_port()),
        **overrides,
    }
    os.environ.pop(ENV_FILE, None)
    os.chdir(folder)
    return Settings.load()


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(env: Environment) -> None:
    deadline = monotonic() + START_TIMEOUT_S
    while reasons := not_ready(env.store):
        if monotonic() > deadline:
            raise HarnessError(f"The bot did not start ({'; '.join(reasons)}); see {env.folder / 'up.log'}")
        sleep(0.1)
    env.log("", f"store, web, workers and clock are up; the forge is {env.forge['url']}")
