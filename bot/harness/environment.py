"""A forge and a bot of their own in one folder: where the demo plays and the bench measures."""

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
from shell.forge import Forge, client_for
from shell.settings import Settings
from shell.store import Store, connect

BOT, PERSON = "caloron", "alice"
START_WAIT_S = 60.0


class SceneFailed(click.ClickException):
    """It did not go as it should; the text says where to look."""


@dataclass(frozen=True)
class Scene:
    """Where the demo plays: its folder, its forge, its bot."""

    folder: Path
    forge: dict[str, Any]
    settings: Settings
    store: Store
    began: float
    up: Child
    """The process of the bot itself, which starts all its others."""

    def say(self, who: str, words: str) -> None:
        """One line of the play, with the seconds since it began."""
        click.echo(f"{monotonic() - self.began:7.1f} s  {who:<8} {words}", err=True)

    def client(self, login: str) -> Forge:
        """What an account of the forge may do."""
        return client_for("gitea", self.settings, token=self.forge["users"][login]["token"])


StartForge = Callable[[Supervisor, Path, Sequence[str]], dict[str, Any]]
"""Has a forge with these repositories there; tells its `url`, `users` and `repositories`."""


@contextmanager
def scenery(
    folder: Path, repos: Sequence[str], settings: Mapping[str, str], start_forge: StartForge | None = None
) -> Iterator[Scene]:
    """A forge and a bot in the folder, ready; ended when the play is over, however it ends."""
    began = monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor([], lambda words: click.echo(f"{'':>9}  {'':<8} {words}"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        forge = (start_forge or fake_forge)(supervisor, folder, repos)
        ours = _settle(folder, forge, repos, settings)
        up = Child(
            "caloron up", [sys.executable, "-P", "-m", "bot.cli", "up"], environment(), folder / "up.log"
        )
        supervisor.children.append(up)
        up.start()
        store = Store(connect(ours.store_url, socket_timeout=2.0))
        scene = Scene(folder, forge, ours, store, began, up)
        _wait_until_ready(scene)
        yield scene
    finally:
        supervisor.drain(last=("forge",))


def fake_forge(
    supervisor: Supervisor, folder: Path, repos: Sequence[str], more: Sequence[str] = ()
) -> dict[str, Any]:
    """The fake forge as its own process; what it prints says where it is and who is there."""
    log = folder / "forge.log"
    log.unlink(missing_ok=True)
    accounts = ["--user", BOT, "--user", PERSON]
    where = ["--folder", str(folder / "forge"), "--port", str(free_port()), "--dialect", "gitea"]
    made = [word for repo in repos for word in ("--repository", repo)]
    command = [sys.executable, "-P", "-m", "bot.fake_forge", *where, *accounts, *made, *more]
    forge = Child("forge", command, environment(), log)
    supervisor.children.append(forge)
    forge.start()
    deadline = monotonic() + START_WAIT_S
    while monotonic() < deadline and forge.died() is None:
        for line in log.read_text().splitlines():
            if line.startswith("{"):
                told: dict[str, Any] = json.loads(line)
                return told
        sleep(0.05)
    raise SceneFailed(f"The forge did not start; see {log}")


def _settle(folder: Path, forge: dict[str, Any], repos: Sequence[str], given: Mapping[str, str]) -> Settings:
    """Settings of the demo alone: nothing of this machine's own bot is read or touched."""
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
        **given,
    }
    os.chdir(folder)  # a .env of the current folder is not the demo's
    return Settings.load()


def free_port() -> int:
    """A port of this machine that no one listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(scene: Scene) -> None:
    deadline = monotonic() + START_WAIT_S
    while reasons := not_ready(scene.store):
        if monotonic() > deadline:
            raise SceneFailed(f"The bot did not start ({'; '.join(reasons)}); see {scene.folder / 'up.log'}")
        sleep(0.1)
    scene.say("", f"store, door, workers and clock are up; the forge is {scene.forge['url']}")
