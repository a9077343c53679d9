"""A model at the wire: answers `/v1/messages` from a list, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, Any], dict[str, str]]


def said(*blocks: dict[str, Any], stop: str) -> Reply:
    """A message of the model."""
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test"}
    message["usage"] = {"input_tokens": 100, "output_tokens": 10}
    message |= {"content": list(blocks), "stop_reason": stop, "stop_sequence": None}
    return 200, message, {}


def text(words: str, stop: str = "end_turn") -> Reply:
    return said({"type": "text", "text": words}, stop=stop)


def call(name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": given}


def uses(*calls: dict[str, Any]) -> Reply:
    return said(*calls, stop="tool_use")


def fault(status: int, words: str, **headers: str) -> Reply:
    return status, {"type": "error", "error": {"type": "api_error", "message": words}}, headers


class ModelServer:
    """Replies in order; the last one stays."""

    def __init__(self) -> None:
        self.url = ""
        self.replies: list[Reply] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def results(self) -> list[str]:
        """What the tools told the model, in order, by the last question."""
        blocks = [block for message in self.asked[-1]["messages"] for block in message["content"]]
        return [
            block["content"] for block in blocks if isinstance(block, dict) and block["type"] == "tool_result"
        ]


@contextmanager
def serving() -> Iterator[ModelServer]:
    model = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/messages"
            model.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            model.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, body, headers = model.replies.pop(0) if len(model.replies) > 1 else model.replies[0]
            content = json.dumps(body).encode()
            self.send_response(status)
            fields = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
            for name, value in fields.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    model.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
