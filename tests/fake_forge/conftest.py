"""A running fake forge of each dialect, and a receiver that webhooks can are sent to."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.fake_forge import FakeForge
from tests.fake_forge.places import PEOPLE, REPO, WebhookReceiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    place = WebhookReceiver()

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
