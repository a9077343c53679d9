"""Floods of the webhook endpoint: halves of requests, slow bodies, huge bodies that nobody signed."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf
from threading import Barrier
from time import monotonic

from bot.web.intake import BODY_S, MAX_BYTES, MOST_IN_FLIGHT

from .endpoint import Endpoint, comment, headers, serving_endpoint
from .kind import Arena, Defence, Kind, Tried

_ANSWER_S = 1.0
"""In this time health, the shell's surface and a delivery must answer beside any flood."""
_GROWTH_MB = MOST_IN_FLIGHT / 2**20 + 60
"""How much more memory huge bodies may take: the room for them, and one that is being stored."""


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    many = 200 if arena.short else 600
    with serving_endpoint(arena.folder) as endpoint:
        yield from _huge_bodies(endpoint, 12 if arena.short else 30)
        slow = [endpoint.connect(_head(f"{arena.random.getrandbits(256):064x}")) for _ in range(many)]
        opened = monotonic()
        yield from _answers(endpoint, f"beside {many} bodies that do not come")
        for _ in range(many):
            endpoint.connect(b"POST /webhooks HTTP/1.1\r\nHost: bot\r\nX-Slow: ")
        yield from _answers(endpoint, f"beside {many} halves of requests")
        for _ in range(min(many, 500)):
            endpoint.connect(b"GET /status HTTP/1.1\r\nHost: bot\r\nX-Slow: ", endpoint.settings.shell_port)
        yield from _answers(endpoint, "beside halves of requests to the shell's surface")
        yield _ended(slow, opened)


def _head(signature: str, length: int = 1000) -> bytes:
    named = headers() | {"X-Gitea-Signature": signature, "Host": "bot", "Content-Length": str(length)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"POST /webhooks HTTP/1.1\r\n{lines}\r\n".encode() + b"{"


def _answers(endpoint: Endpoint, beside: str) -> Iterator[Tried]:
    delivery = comment("Good morning", 1)
    calls: dict[str, Callable[[], float]] = {
        "/healthz": lambda: endpoint.seconds("GET", "/healthz"),
        "/readyz": lambda: endpoint.seconds("GET", "/readyz"),
        "a delivery": lambda: endpoint.seconds("POST", "/webhooks", delivery),
        "the shell's /health": lambda: endpoint.seconds("GET", "/health", shell=True),
    }
    for what, call in calls.items():
        seconds = _typical(call)
        yield Tried(f"{what} {beside}", seconds < _ANSWER_S, f"answered in {seconds:.2f} s")


def _typical(call: Callable[[], float]) -> float:
    """How long it takes; where that is long, the median of three: other programs use this machine, too."""
    first = call()
    return first if first < _ANSWER_S or first == inf else sorted([first, call(), call()])[1]


def _ended(slow: list[socket.socket], opened: float) -> Tried:
    """Whether each slow body was given up in time: its connection is answered or ended."""
    name = f"{len(slow)} bodies that never come are given up"
    for client in slow:
        client.settimeout(max(0.01, opened + BODY_S + 3 - monotonic()))
        try:
            client.recv(1024)
        except ConnectionError:
            continue
        except TimeoutError:
            return Tried(name, False, f"still open after {monotonic() - opened:.0f} s")
    return Tried(name, True, f"after {monotonic() - opened:.0f} s")


def _huge_bodies(endpoint: Endpoint, count: int) -> Iterator[Tried]:
    """Many at once, unsigned and with signatures that are none; the memory is measured."""
    body = b" " * MAX_BYTES
    false = headers() | {"X-Gitea-Signature": "0" * 64}
    for name, named in (("unsigned", headers()), ("falsely signed", false)):
        before = endpoint.peak_mb()
        together = Barrier(count)
        with ThreadPoolExecutor(count) as pool:
            sent = [pool.submit(_send, endpoint, named, body, together) for _ in range(count)]
            answers = [one.result() for one in sent]
        growth = endpoint.peak_mb() - before
        refused = all(answer in (401, 503, None) for answer in answers)
        seen = f"{growth:.0f} MB more, answers {sorted({str(answer) for answer in answers})}"
        limit = 20.0 if name == "unsigned" else _GROWTH_MB
        yield Tried(f"{count} {name} bodies of 25 MB", refused and growth < limit, seen)
    longer = _typical(lambda: endpoint.seconds("POST", "/webhooks", comment("x" * 2**20, 2)))
    yield Tried("a long delivery after them", longer < _ANSWER_S, f"answered in {longer:.2f} s")


def _send(endpoint: Endpoint, named: dict[str, str], body: bytes, together: Barrier) -> int | None:
    """All but the end, and the end when the others are as far; the status, or None if it was cut off."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (named | {"Host": "bot"}).items())
    head = f"POST /webhooks HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", endpoint.settings.port), timeout=20) as client:
        try:
            client.sendall(head + body[:-1])
        except ConnectionError:
            return None
        finally:
            together.wait(20)
        try:
            client.sendall(body[-1:])
            return int(client.recv(64).split()[1])
        except (ConnectionError, IndexError):
            return None


KIND = Kind(
    "flood",
    "halves of requests, slow and huge bodies",
    play,
    (
        Defence(
            "the signature's header is checked before the body is read",
            "bot/web/webhooks.py",
            "        check_headers(hook, headers)\n",
            "        pass\n",
        ),
        Defence(
            "a slow client costs no thread",
            "bot/web/serve.py",
            "CONNECTIONS = 2000",
            "CONNECTIONS = 64",
        ),
        Defence(
            "bodies that are being read have a bound together",
            "bot/web/intake.py",
            "if self.in_flight + count > MOST_IN_FLIGHT:",
            "if False:",
        ),
        Defence(
            "a body must arrive in time",
            "bot/web/intake.py",
            "with self.limit(BODY_S):",
            "with self.limit(300.0):",
        ),
    ),
)
