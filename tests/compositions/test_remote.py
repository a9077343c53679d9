"""A stage that is served elsewhere: how it is asked, and what its failures say."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from compositions import Composition, CompositionError
from compositions.catalogue import Catalogue
from compositions.graph import read_graph


class Served(BaseHTTPRequestHandler):
    """Doubles the number it is given; anything else is refused."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = asked["input"]
        ok = isinstance(number, int)
        answer: dict[str, Any] = {"ok": ok}
        answer |= {"data": {"output": number * 2}} if ok else {"error": {"message": "not a number"}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: tests are quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Served)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def remote(url: str) -> Composition:
    number = {"kind": "Number"}
    root = {"op": "RemoteStage", "url": url, "input": number, "output": number}
    graph = read_graph(
        {"description": "", "version": "1", "root": {"op": "Sequential", "stages": [root, root]}}
    )
    return Composition("far", graph, Catalogue([]))


def test_a_served_stage_is_asked(url: str) -> None:
    done = remote(url).run(3)
    assert (done.output, done.trace["stages"]) == (12, [])


def test_its_refusal_is_told(url: str) -> None:
    with pytest.raises(
        CompositionError, match=r"remote call to http://127.* failed: it answered .*not a number"
    ):
        remote(url).run("x")


def test_nobody_there_is_told_as_the_engine_tells_it() -> None:
    words = (
        r"remote call to http://127.0.0.1:9/ failed: error sending request for url \(http://127.0.0.1:9/\)"
    )
    with pytest.raises(CompositionError, match=words):
        remote("http://127.0.0.1:9/").run(1)


def test_only_the_web_is_asked() -> None:
    with pytest.raises(CompositionError, match="must begin with http"):
        remote("file:///etc/hostname").run(1)
