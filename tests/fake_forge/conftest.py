"""A running fake forge of each dialect, and a door that webhooks can knock at."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.fake_forge import FakeForge

REPO = "acme/shop"
PEOPLE = {"bot": "admin", "alice": "write", "mallory": "read"}


@dataclass
class Door:
    """What was delivered: (headers, raw body), in the order of arrival."""

    url: str = ""
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: int = 200

    def payloads(self, event: str) -> list[dict[str, Any]]:
        """The bodies of one event, by the header that both forges send."""
        return [json.loads(body) for headers, body in self.arrived if headers["X-GitHub-Event"] == event]

    def events(self) -> list[tuple[str, str | None]]:
        return [(headers["X-GitHub-Event"], json.loads(body).get("action")) for headers, body in self.arrived]


@pytest.fixture
def door() -> Iterator[Door]:
    place = Door()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # Go's and our own spelling of a header's name differ.
            place.arrived.append(({**self.headers}, body))
            self.send_response(place.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    place.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield place
    server.shutdown()
    thread.join()
    server.server_close()


def _running(dialect: Any) -> Iterator[FakeForge]:
    with FakeForge(dialect) as forge:
        forge.add_user("root", admin=True)
        for name in PEOPLE:
            forge.add_user(name)
        forge.add_repository(REPO, collaborators=PEOPLE)
        yield forge


@pytest.fixture
def gitea() -> Iterator[FakeForge]:
    yield from _running("gitea")


@pytest.fixture
def github() -> Iterator[FakeForge]:
    yield from _running("github")


def hook(forge: FakeForge, url: str, events: list[str], secret: str = "s3cret") -> int:
    """Have one's events delivered to an address."""
    config = {"url": url, "content_type": "json", "secret": secret}
    kind = {"type": "gitea"} if forge.dialect == "gitea" else {"name": "web"}
    body = {**kind, "active": True, "events": events, "config": config}
    status, made = forge.call("bot", "POST", f"/repos/{REPO}/hooks", body)
    assert status == 201
    return int(made["id"])
