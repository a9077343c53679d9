"""The egress proxy as a process: what it lets through, what it writes, and that it ends with its run."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.harness.attack import egress_world
from shell.agent.egress.hosts import Operator, Rules, rules_of
from shell.agent.egress.outside import Egress, EgressError, way_out
from shell.agent.egress.proxy import SOCKET
from tests.waiting import until

from .test_egress_rules import hello

IN_WORLD = ("-m", "bot.harness.attack.egress_world")


@dataclass
class Host:
    """A web server, and what it was asked."""

    port: int = 0
    asked: list[tuple[str, str, Message, bytes]] = field(default_factory=list)


@contextmanager
def web() -> Iterator[Host]:
    here = Host()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            here.asked.append((self.command, self.path, self.headers, self.rfile.read(length)))
            body = f"{self.command} {self.path}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Proxy-Authenticate", "Basic")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield here
        server.shutdown()
        thread.join()


class Run:
    """A running proxy, reached as from inside: its listening sockets are on this machine's loopback."""

    def __init__(self, folder: Path, rules: Rules, stack: ExitStack, world: dict[str, Any] | None) -> None:
        (folder / egress_world.WORLD).write_text(json.dumps(world or {"names": {}, "servers": {}}))
        self.folder, self.log = folder, folder / "run.log"
        program = IN_WORLD if world else ("-m", "shell.agent.egress.proxy")
        self.egress: Egress = stack.enter_context(
            way_out(rules, folder, self.log, lambda text: text.replace("s3cret", "•••"), program)
        )
        self.ports = self._hand_over(1 + len(self.egress.mirrored))

    def _hand_over(self, number: int) -> list[int]:
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
        ports = [one.getsockname()[1] for one in listeners]
        with socket.socket(socket.AF_UNIX) as proxy:
            here = os.open(self.folder, os.O_RDONLY)  # the path may be longer than a socket's may be
            proxy.connect(f"/proc/self/fd/{here}/{SOCKET}")
            os.close(here)
            socket.send_fds(proxy, [b"+"], [one.fileno() for one in listeners])
            assert proxy.recv(1) == b"+"
        for one in listeners:
            one.close()
        return ports

    def connected(self, number: int = 0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[number]), timeout=20)

    def ask(self, request: bytes) -> bytes:
        """All that comes back on one connection."""
        with self.connected() as client:
            client.sendall(request)
            return read_all(client)

    def tunnel(self, to: str, client: socket.socket) -> bytes:
        client.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
        return client.recv(65536)


def read_all(client: socket.socket) -> bytes:
    read = b""
    while data := client.recv(65536):
        read += data
    return read


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def host(stack: ExitStack) -> Host:
    return stack.enter_context(web())


def run_with(folder: Path, stack: ExitStack, *named: tuple[str, int], **world: Any) -> Run:
    return Run(folder, rules_of([], [], [], Operator(tuple(named))), stack, world)


def test_what_the_operator_named_is_reached(tmp_path: Path, stack: ExitStack, host: Host) -> None:
    run = run_with(tmp_path, stack, ("127.0.0.1", host.port))
    url = f"http://127.0.0.1:{host.port}"
    answer = run.ask(f"POST {url}/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".encode())
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"POST /a") and b"roxy" not in answer
    chunks = b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    run.ask(f"POST {url}/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks)
    assert [(path, headers["Host"]) for _, path, headers, _ in host.asked] == [
        ("/a", f"127.0.0.1:{host.port}"),
        ("/b", f"127.0.0.1:{host.port}"),
    ]
    assert host.asked[0][3] == b"abc" and host.asked[1][2]["Transfer-Encoding"] == "chunked"


def test_a_tunnel_carries_both_ways(tmp_path: Path, stack: ExitStack, host: Host) -> None:
    run = run_with(tmp_path, stack, ("127.0.0.1", host.port))
    with run.connected() as client:
        assert b" 200 " in run.tunnel(f"127.0.0.1:{host.port}", client)
        client.sendall(b"GET /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert read_all(client).endswith(b"GET /t")


def test_a_named_loopback_address_is_there_inside_too(tmp_path: Path, stack: ExitStack, host: Host) -> None:
    run = run_with(tmp_path, stack, ("localhost", host.port))
    assert run.egress.mirrored == (("localhost", host.port),)
    with run.connected(1) as client:
        client.sendall(b"GET /m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert read_all(client).endswith(b"GET /m")


def test_a_port_that_no_user_may_listen_on_is_not_there_inside(tmp_path: Path, stack: ExitStack) -> None:
    assert run_with(tmp_path, stack, ("127.0.0.1", 80), ("10.0.0.1", 8000)).egress.mirrored == ()


def test_without_being_named_it_is_refused_in_words(tmp_path: Path, host: Host) -> None:
    with ExitStack() as stack:
        run = run_with(tmp_path, stack)
        egress = run.egress
        for _ in range(3):
            answer = run.ask(f"GET http://127.0.0.1:{host.port}/s3cret HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 403 ") and b"CALORON_EGRESS" in answer
        assert b" 403 " in run.ask(b"CONNECT s3cret.evil.org:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    written = run.log.read_text()
    assert written.count(f"refused 127.0.0.1:{host.port}") == 1 and "4 refused" in written
    assert "refused •••.evil.org:443" in written and "s3cret" not in written + egress.words()
    assert egress.words().startswith(f"The network refused 127.0.0.1:{host.port}, •••.evil.org:443;")
    assert egress.counts["refused"] == {f"127.0.0.1:{host.port}": 3, "s3cret.evil.org:443": 1}
    assert not host.asked


def test_a_connection_is_one_request(tmp_path: Path, stack: ExitStack, host: Host) -> None:
    run = run_with(tmp_path, stack, ("127.0.0.1", host.port))
    request = "GET http://127.0.0.1:{}/{} HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = run.ask((request.format(host.port, 1) + request.format(host.port + 1, 2)).encode())
    assert answer.count(b"HTTP/1.1 ") == 1 and len(host.asked) == 1


def test_a_public_host_is_reached_at_the_address_that_was_checked(
    tmp_path: Path, stack: ExitStack, host: Host
) -> None:
    names = {"deb.debian.org": [["127.0.0.1", "1.1.1.1"], ["127.0.0.1"]]}
    run = run_with(tmp_path, stack, names=names, servers={"1.1.1.1:80": host.port})
    request = b"GET http://deb.debian.org/x HTTP/1.1\r\nHost: evil.test\r\n\r\n"
    assert run.ask(request).endswith(b"GET /x")
    assert host.asked[0][2]["Host"] == "deb.debian.org"
    answer = run.ask(request)
    assert answer.startswith(b"HTTP/1.1 403 ") and b"leads to 127.0.0.1" in answer
    assert (tmp_path / egress_world.CONNECTED).read_text() == "1.1.1.1:80\n"


@pytest.mark.parametrize(("asked", "gets"), [("pypi.org", b"pypi.org"), ("evil.test", b""), (None, b"")])
def test_a_tunnel_carries_tls_for_its_own_host_only(
    tmp_path: Path, stack: ExitStack, asked: str | None, gets: bytes
) -> None:
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    world = {"names": {"pypi.org": [["1.1.1.1"]]}, "servers": {"1.1.1.1:443": server.getsockname()[1]}}
    run = run_with(tmp_path, stack, **world)
    with run.connected() as client:
        assert b" 200 " in run.tunnel("pypi.org:443", client)
        client.sendall(hello(asked))
        arrived, _ = server.accept()
        with arrived:
            arrived.settimeout(20)
            assert gets in arrived.recv(4096) if gets else arrived.recv(4096) == b""
    if not gets:
        until(lambda: run.egress.refused)
        assert "the tunnel is for pypi.org" in run.egress.refused["pypi.org:443"]


def test_it_answers_in_words_where_a_host_is_not_there(tmp_path: Path, stack: ExitStack) -> None:
    run = run_with(tmp_path, stack, ("127.0.0.1", 9), names={"pypi.org": []}, servers={})
    assert b" 502 " in run.ask(b"CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = run.ask(b"CONNECT pypi.org:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 502 " in answer and b"pypi.org was not found" in answer


def test_it_ends_with_its_run(tmp_path: Path) -> None:
    with ExitStack() as stack:
        run = run_with(tmp_path, stack, ("127.0.0.1", 9))
        assert not (run.egress.folder / SOCKET).exists(), "nobody can hand over a second time"
        client = run.connected()
    with client:
        assert client.recv(1) == b""
    assert not listens(run.ports[0])


def test_a_proxy_that_does_not_start_is_said(tmp_path: Path) -> None:
    rules = rules_of([], [], [], Operator())
    with (
        pytest.raises(EgressError, match="did not start"),
        way_out(rules, tmp_path, tmp_path / "log", program=("-c", "")),
    ):
        raise AssertionError("it started")


def test_a_proxy_that_is_killed_leaves_no_network(tmp_path: Path) -> None:
    with ExitStack() as stack:
        run = run_with(tmp_path, stack)
        os.kill(run.egress.pid, signal.SIGKILL)
        until(lambda: not listens(run.ports[0]))
    assert "ended unexpectedly" in run.log.read_text()


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0
