"""A real Gitea to try the bot on: one started for the purpose, or one that is there already."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import requests

from bot.cli.supervise import Supervisor
from shell.errors import Refused
from shell.forge.http import Connection

from .environment import BOT, PERSON

ADMIN = "root"
TOOL = Path(__file__).parents[2] / "tests" / "tools" / "gitea"
NAME_ONE = "or name a server for trials with --url and its administrator's token with --token."
ABSENT = (
    "There is no Gitea here. Set GITEA_BIN, put `gitea` on the PATH, run `tests/tools/gitea install` in the "
    f"checkout, {NAME_ONE}"
)
NO_CHECKOUT = (
    "Starting a Gitea needs the checkout's own tool, and this `caloron` was installed without it. "
    f"Install it from the checkout with `pip install -e .`, {NAME_ONE}"
)


@dataclass(frozen=True)
class GiteaServer:
    """Where it is, and the tokens of our accounts there."""

    url: str
    users: dict[str, Any]

    def start(self, _supervisor: Supervisor, _folder: Path, repos: Sequence[str]) -> dict[str, Any]:
        """The repositories, each its owner's, with a first commit and the bot as administrator."""
        made = {repo: {"id": self._repository(repo)} for repo in repos}
        return {"url": self.url, "users": self.users, "repositories": made}

    def _repository(self, repo: str) -> int:
        owner, name = repo.split("/")
        api = Connection(f"{self.url}/api/v1", {"Authorization": f"token {self.users[owner]['token']}"})
        first = {"name": name, "auto_init": True, "default_branch": "main"}
        number: int = api.send("POST", "/user/repos", first)["id"]
        api.send("PUT", f"/repos/{repo}/collaborators/{BOT}", {"permission": "admin"})
        return number


@contextmanager
def gitea_server(folder: Path, url: str | None, token: str | None) -> Iterator[GiteaServer]:
    """The server named, else one of our own in the folder, ended when it is no more needed."""
    if url:
        yield GiteaServer(url.rstrip("/"), _accounts(url.rstrip("/"), token))
        return
    told = _started(folder)
    try:
        yield GiteaServer(told["url"], told["users"])
    finally:
        subprocess.run([sys.executable, TOOL, "stop", folder], check=True)


def program() -> str | None:
    """The program, where it can be started: GITEA_BIN, the PATH, or what the tool has built."""
    if not TOOL.is_file():
        return None
    named = os.environ.get("GITEA_BIN") or shutil.which("gitea")
    if named:
        return named
    built = subprocess.run([sys.executable, TOOL, "path"], capture_output=True, text=True)
    return built.stdout.strip() or None


def _started(folder: Path) -> dict[str, Any]:
    gitea = program()
    if gitea is None:
        raise click.ClickException(ABSENT if TOOL.is_file() else NO_CHECKOUT)
    users = [word for user in (f"{ADMIN}:admin", BOT, PERSON) for word in ("--user", user)]
    told = os.environ | {"GITEA_BIN": gitea}
    line = [sys.executable, str(TOOL), "start", str(folder), *users]
    started = subprocess.run(line, env=told, capture_output=True, text=True)
    if started.returncode:
        raise click.ClickException(f"Gitea did not start: {started.stderr.strip()}")
    server: dict[str, Any] = json.loads(started.stdout)
    return server


def _accounts(url: str, token: str | None) -> dict[str, Any]:
    """The bot's and the person's accounts on a server that is there: made, and given a token each."""
    if not token:
        raise click.ClickException("--url needs --token, an administrator's, to make two accounts there.")
    api = Connection(f"{url}/api/v1", {"Authorization": f"token {token}"})
    users = {name: {"token": _account(url, api, name)} for name in (BOT, PERSON)}
    return users | {ADMIN: {"token": token}}


def _account(url: str, admin: Connection, name: str) -> str:
    """A new token of the account, which is made, or its password set anew."""
    password = f"Aa1!{secrets.token_hex(12)}"
    named = {"username": name, "email": f"{name}@example.test", "must_change_password": False}
    try:
        admin.send("POST", "/admin/users", named | {"password": password})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        raise click.ClickException(
            f"{url} has an account {name!r} already ({refusal.message}); take a server for trials."
        ) from None
    path = f"{url}/api/v1/users/{name}/tokens"
    asked = {"name": f"faults-{secrets.token_hex(4)}", "scopes": ["all"]}
    answer = requests.post(path, json=asked, auth=(name, password), timeout=10)
    answer.raise_for_status()
    made: str = answer.json()["sha1"]
    return made
