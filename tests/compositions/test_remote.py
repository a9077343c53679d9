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
from compositions.remote import ask


class Served(BaseHTTPRequestHandler):
    """Doubles the number it is given; to a list it answers with the status and the text that stand in it."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given = asked["input"]
        doubled = (200, json.dumps({"ok": True, "data": {"output": given * 2}}))
        status, text = given if isinstance(given, list) else doubled
        body = text.encode()
        self.send_response(status)
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


@pytest.mark.parametrize(
    ("status", "answer", "output"),
    [
        (200, {"data": {"output": 7}}, 7),
        (200, {"ok": None, "data": {"output": None}}, None),
        (500, {"ok": True, "data": {"output": "there"}}, "there"),
    ],
)
def test_an_output_counts_whatever_is_said_beside_it(url: str, status: int, answer: Any, output: Any) -> None:
    assert ask(url, [status, json.dumps(answer)]) == output


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (200, '{"ok": false, "error": "boom there"}', "boom there"),
        (500, '{"ok": false, "error": "boom there", "data": {"output": 1}}', "boom there"),
        (200, '{"ok": false, "error": {"message": "x"}}', "remote reported ok=false without error message"),
        (200, '{"ok": true}', "response missing data.output field"),
        (200, '{"ok": true, "data": null}', "response missing data.output field"),
        (200, "[1]", "response missing data.output field"),
        (200, "not json", "invalid JSON response: error decoding response body"),
        (404, "", "invalid JSON response: error decoding response body"),
    ],
)
def test_why_there_is_no_output_is_told_as_the_engine_tells_it(
    url: str, status: int, text: str, words: str
) -> None:
    with pytest.raises(CompositionError) as told:
        remote(url).run([status, text])
    assert str(told.value) == f"remote call to {url} failed: {words}"


def test_nobody_there_is_told_as_the_engine_tells_it() -> None:
    words = (
        r"remote call to http://127.0.0.1:9/ failed: error sending request for url \(http://127.0.0.1:9/\)"
    )
    with pytest.raises(CompositionError, match=words):
        remote("http://127.0.0.1:9/").run(1)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nowhere", "builder error"),
        ("", "builder error"),
        ("ftp://127.0.0.1/", "builder error for url (ftp://127.0.0.1/)"),
        ("file:///etc/hostname", "builder error for url (file:///etc/hostname)"),
    ],
)
def test_only_the_web_is_asked(url: str, words: str) -> None:
    with pytest.raises(CompositionError) as told:
        remote(url).run(1)
    assert str(told.value) == f"remote call to {url} failed: {words}"
