"""A web process and a store of their own, for attacks on the webhook endpoint."""

import hashlib
import hmac
import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from bot.cli.up import environment
from bot.harness.environment import HarnessError, free_port
from shell.processes import descendants
from shell.settings import Settings
from shell.store import Store, connect
from shell.valkey import serving, socket_of

SECRET = "flood"
_START_S = 30.0


@dataclass
class Endpoint:
    """The running process, and how to reach it."""

    settings: Settings
    store: Store
    process: "subprocess.Popen[bytes]"
    opened: list[socket.socket] = field(default_factory=list)

    def connect(self, said: bytes, port: int | None = None) -> socket.socket:
        """A connection on which only this is said; it stays open."""
        client = socket.create_connection(("127.0.0.1", port or self.settings.port), timeout=5)
        client.sendall(said)
        self.opened.append(client)
        return client

    def close_all(self) -> None:
        """End every connection that was left open."""
        while self.opened:
            self.opened.pop().close()

    def seconds(self, method: str, path: str, body: bytes | None = None, shell: bool = False) -> float:
        """How long this call takes to its answer, of whatever status; infinite if none comes."""
        port = self.settings.shell_port if shell else self.settings.port
        began = monotonic()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            client.request(method, path, body, signed(body) if body else {})
            client.getresponse().read()
        except OSError:
            return float("inf")
        finally:
            client.close()
        return monotonic() - began

    def peak_mb(self) -> float:
        """The most memory that one of its processes ever held."""
        pids = [self.process.pid, *(child.pid for child in descendants(self.process.pid))]
        texts = (Path(f"/proc/{pid}/status").read_text() for pid in pids)
        return max(int(text.partition("VmHWM:")[2].split()[0]) / 1024 for text in texts)


@contextmanager
def serving_endpoint(folder: Path) -> Iterator[Endpoint]:
    """The web process on a store in the folder, while the block runs."""
    with serving(folder / "store") as url:
        given = own_settings(folder, url)
        settings = Settings.of(given)
        with open(folder / "web.log", "ab") as log:
            command = [sys.executable, "-P", "-m", "bot.web"]
            process = subprocess.Popen(
                command, env=environment() | given, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        endpoint = Endpoint(settings, Store(connect(url)), process)
        try:
            _wait(endpoint, folder / "web.log")
            yield endpoint
        finally:
            endpoint.close_all()
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def own_settings(folder: Path, url: str = "") -> dict[str, str]:
    """The settings of a bot of the attack's own, on free ports."""
    return {
        "GITEA_URL": "http://127.0.0.1:1",
        "GITEA_TOKEN": "none",
        "CALORON_WEBHOOK_SECRET": SECRET,
        "CALORON_SHELL_TOKEN": "none",
        "CALORON_FRAMEWORK": "claude-code",
        "CALORON_HOME": str(folder),
        "REDIS_URL": url or f"unix://{socket_of(folder / 'store')}",
        "PORT": str(free_port()),
        "CALORON_SHELL_PORT": str(free_port()),
    }


def _wait(endpoint: Endpoint, log: Path) -> None:
    deadline = monotonic() + _START_S
    while endpoint.seconds("GET", "/healthz") == float("inf"):
        if monotonic() > deadline or endpoint.process.poll() is not None:
            raise HarnessError(f"The web process did not start; see {log}")
        sleep(0.05)


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers of a delivery of Gitea with this body."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return headers() | {"X-Gitea-Signature": digest}


def headers() -> dict[str, str]:
    """The headers of a delivery without a signature."""
    return {
        "X-Gitea-Event": "issue_comment",
        "X-Gitea-Delivery": "1",
        "Content-Type": "application/json",
    }


def comment(body: str, number: int, repo_id: int = 12, login: str = "mallory", user_id: int = 7) -> bytes:
    """A delivery of Gitea: somebody comments on the first issue of a repository."""
    sender = {"id": user_id, "login": login, "username": login}
    at = "2026-01-02T03:04:05Z"
    payload: dict[str, Any] = {
        "action": "created",
        "issue": {"id": 50, "number": 1, "title": "Go", "state": "open", "user": sender, "labels": []},
        "comment": {
            "id": number,
            "body": body,
            "user": sender,
            "created_at": at,
            "updated_at": at,
            "html_url": "http://forge.test/acme/shop/issues/1",
        },
        "repository": {
            "id": repo_id,
            "name": "shop",
            "full_name": f"acme/shop-{repo_id}",
            "owner": {"id": 3, "login": "acme", "username": "acme"},
            "default_branch": "main",
        },
        "sender": sender,
        "is_pull": False,
    }
    return json.dumps(payload).encode()
