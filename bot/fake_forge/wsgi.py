"""The threaded server under the app: HTTP/1.1 with keep-alive, and one write for each response."""

from __future__ import annotations

import io
import socket
import socketserver
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

App = Callable[..., Iterable[bytes]]


class Server(ThreadingHTTPServer):
    """One thread per connection; `close_all` also ends the idle connections."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self, host: str, port: int, app: App) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's own, which looks up this machine's name, and that may take long.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a caller that hung up is not our error."""

    def close_all(self) -> None:
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # Closed by the other side already.
                    continue


class Handler(BaseHTTPRequestHandler):
    """One call after the other of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = 120
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the app keeps the call log."""

    def _serve(self) -> None:
        # The whole body is read before the app runs, so that the next call starts where this one ends.
        body = self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self._counted()
        answer = self.server.app(self._environ(body), self._start)
        try:
            content = b"".join(answer)
            if self._code != 204 and not any(name.lower() == "content-length" for name, _ in self._head):
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            self.wfile.flush()
        finally:
            if hasattr(answer, "close"):
                answer.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _counted(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue
        return b"".join(parts)

    def _start(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
        code, _, words = status.partition(" ")
        self._head, self._code = headers, int(code)
        self.send_response(self._code, words)
        for name, value in headers:
            self.send_header(name, value)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": urllib.parse.unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                environ.setdefault(f"HTTP_{key}", value)
        return environ
