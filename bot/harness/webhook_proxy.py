"""A proxy between a forge's webhooks and the door: it loses, doubles and shuffles them, seeded."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from types import TracebackType
from typing import Any

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Came:
    """One delivery: what it is, and the how many-th of its kind and of its sender."""

    seed: int
    kind: str
    sender: str
    of_kind: int
    of_sender: int

    def draw(self) -> Random:
        """By what it is and not by when it came, for deliveries come in another order each time."""
        return Random(f"{self.seed}:{self.kind}:{self.sender}:{self.of_kind}")


Fate = Callable[[Came], list[float]]
"""When a delivery is handed on, seconds from now: not at all, once, or twice."""

SHUFFLED_S, LATEST_S = 0.8, 6.0
_AT_ONCE = 32
_HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


def at_once(_came: Came) -> list[float]:
    """Handed on as it came."""
    return [0.0]


def doubled(came: Came) -> list[float]:
    """Twice, each at its own time, so that the order is another; now and then the second long after."""
    draw = came.draw()
    late = draw.random() < 0.2
    return [draw.uniform(0.0, SHUFFLED_S), draw.uniform(0.0, LATEST_S if late else SHUFFLED_S)]


def a_tenth_lost(came: Came) -> list[float]:
    """Never, for one of each ten of a sender: of the few that people cause, a tenth is lost too."""
    block, place = divmod(came.of_sender, 10)
    return [] if place == Random(f"{came.seed}:{came.sender}:{block}").randrange(10) else [0.0]


class Proxy:
    """Listens while it is entered; `counts` tells what became of the deliveries."""

    def __init__(self, port: int, door: int, fate: Fate, seed: int) -> None:
        self.door, self.fate, self.seed = door, fate, seed
        self.counts: Counter[str] = Counter()
        self.lost: list[str] = []
        self._seen: Counter[Any] = Counter()
        self._under_way = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._hands = ThreadPoolExecutor(_AT_ONCE)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._listener())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._hands.shutdown()

    def quiet(self) -> bool:
        """Nothing is on its way to the door."""
        with self._lock:
            return self._under_way == 0

    def told(self) -> dict[str, int]:
        """The counts for the table."""
        names = ("received", "delivered", "lost", "doubled", "failed")
        return {name: self.counts[name] for name in names}

    # One delivery

    def take(self, path: str, headers: Headers, body: bytes) -> None:
        """Decide what becomes of one delivery; the same seed decides the same about the same."""
        kind, sender = _told(headers, body)
        with self._lock:
            came = Came(self.seed, kind, sender, self._seen[kind, sender], self._seen[sender])
            self._seen.update([(kind, sender), sender])
            delays = self.fate(came)
            self.counts["received"] += 1
            self.counts["lost"] += not delays
            self.counts["doubled"] += len(delays) > 1
            self.lost += [] if delays else [f"{kind} by {sender}"]
            self._under_way += len(delays)
        for delay in delays:
            self._hands.submit(self._hand_on, delay, path, headers, body)

    def _hand_on(self, delay: float, path: str, headers: Headers, body: bytes) -> None:
        self._ended.wait(delay)
        try:
            good = 200 <= self._post(path, headers, body) < 300
        except (OSError, HTTPException):
            good = False
        with self._lock:
            self._under_way -= 1
            self.counts["delivered" if good else "failed"] += 1

    def _post(self, path: str, headers: Headers, body: bytes) -> int:
        door = HTTPConnection("127.0.0.1", self.door, timeout=5)
        try:
            door.request("POST", path, body, dict(headers))
            answer = door.getresponse()
            answer.read()
            return answer.status
        finally:
            door.close()

    def _listener(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Listener(BaseHTTPRequestHandler):
            """Answers the forge at once, whatever becomes of the delivery."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                passed = {
                    name: text for name, text in self.headers.items() if name.lower() not in _HOP_BY_HOP
                }
                proxy.take(self.path, passed, body)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """The counts tell enough."""

        return Listener


def _told(headers: Headers, body: bytes) -> tuple[str, str]:
    """What a delivery tells of, and who caused it."""
    told: dict[str, Any] = json.loads(body)
    event = headers.get("X-Gitea-Event-Type") or headers.get("X-Gitea-Event") or "?"
    kind = f"{event} {told.get('action') or ''}".strip()
    return kind, (told.get("sender") or {}).get("login") or "nobody"
