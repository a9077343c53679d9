"""A real Gitea to test on: one started for the purpose, or one that runs already."""

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

from .environment import BOT, USER

ADMIN = "root"
TOOL = Path(__file__).parents[2] / "tests" / "tools" / "gitea"
OR_URL = "or pass a test server with --url and its administrator's token with --token."
NOT_INSTALLED = (
    "No Gitea was found. Set GITEA_BIN, put `gitea` on the PATH, run `tests/tools/gitea install` in the "
    f"checkout, {OR_URL}"
)
NO_CHECKOUT = (
    "Starting a Gitea needs a tool of the source checkout, but this `caloron` was installed without it. "
    f"Install it from the checkout with `pip install -e .`, {OR_URL}"
)


@dataclass(frozen=True)
class GiteaServer:
    """Its URL, and the tokens of the accounts there."""

    url: str
    users: dict[str, Any]

    def start(self, _supervisor: Supervisor, _folder: Path, repos: Sequence[str]) -> dict[str, Any]:
        """Create the repositories, each with a first commit and the bot as administrator."""
        created = {repo: {"id": self._create_repository(repo)} for repo in repos}
        return {"url": self.url, "users": self.users, "repositories": created}

    def _create_repository(self, repo: str) -> int:
        owner, name = repo.split("/")
        api = Connection(f"{self.url}/api/v1", {"Authorization": f"token {self.users[owner]['token']}"})
        repository = {"name": name, "auto_init": True, "default_branch": "main"}
        number: int = api.send("POST", "/user/repos", repository)["id"]
        api.send("PUT", f"/repos/{repo}/collaborators/{BOT}", {"permission": "admin"})
        return number


@contextmanager
def gitea_server(folder: Path, url: str | None, token: str | None) -> Iterator[GiteaServer]:
    """The server at the URL, else one started in the folder and stopped on exit."""
    if url:
        yield GiteaServer(url.rstrip("/"), _accounts(url.rstrip("/"), token))
        return
    server = _start(folder)
    try:
        yield GiteaServer(server["url"], server["users"])
    finally:
        subprocess.run([sys.executable, TOOL, "stop", folder], check=True)


def program() -> str | None:
    """The Gitea program, if it can be started: GITEA_BIN, the PATH, or what the tool has built."""
    if not TOOL.is_file():
        return None
    found = os.environ.get("GITEA_BIN") or shutil.which("gitea")
    if found:
        return found
    built = subprocess.run([sys.executable, TOOL, "path"], capture_output=True, text=True)
    return built.stdout.strip() or None


def _start(folder: Path) -> dict[str, Any]:
    gitea = program()
    if gitea is None:
        raise click.ClickException(NOT_INSTALLED if TOOL.is_file() else NO_CHECKOUT)
    users = [word for user in (f"{ADMIN}:admin", BOT, USER) for word in ("--user", user)]
    variables = os.environ | {"GITEA_BIN": gitea}
    command = [sys.executable, str(TOOL), "start", str(folder), *users]
    started = subprocess.run(command, env=variables, capture_output=True, text=True)
    if started.returncode:
        raise click.ClickException(f"Gitea did not start: {started.stderr.strip()}")
    server: dict[str, Any] = json.loads(started.stdout)
    return server


def _accounts(url: str, token: str | None) -> dict[str, Any]:
    """The bot's and the user's accounts on a running server: created, and given a token each."""
    if not token:
        raise click.ClickException("--url needs an administrator's --token, to create two accounts there.")
    api = Connection(f"{url}/api/v1", {"Authorization": f"token {token}"})
    users = {name: {"token": _create_account(url, api, name)} for name in (BOT, USER)}
    return users | {ADMIN: {"token": token}}


def _create_account(url: str, admin: Connection, name: str) -> str:
    """A token of the new account."""
    password = f"Aa1!{secrets.token_hex(12)}"
    account = {"username": name, "email": f"{name}@example.test", "must_change_password": False}
    try:
        admin.send("POST", "/admin/users", account | {"password": password})
    except Refused as refusal:
        if refusal.status != 422:
            raise
        raise click.ClickException(
            f"{url} already has an account {name!r} ({refusal.message}); use a test server."
        ) from None
    path = f"{url}/api/v1/users/{name}/tokens"
    request = {"name": f"faults-{secrets.token_hex(4)}", "scopes": ["all"]}
    response = requests.post(path, json=request, auth=(name, password), timeout=10)
    response.raise_for_status()
    created: str = response.json()["sha1"]
    return created
