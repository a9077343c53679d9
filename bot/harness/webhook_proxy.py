"""A proxy between a forge's webhooks and the bot: it loses, duplicates and reorders them, by a seed."""

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
class Delivery:
    """One delivery: its kind and sender, and its number among those of the same kind and sender."""

    seed: int
    kind: str
    sender: str
    of_kind: int
    of_sender: int

    def random(self) -> Random:
        """Seeded by the delivery and not by its arrival, because the order differs between runs."""
        return Random(f"{self.seed}:{self.kind}:{self.sender}:{self.of_kind}")


Schedule = Callable[[Delivery], list[float]]
"""When a delivery is forwarded, in seconds from now: never, once, or twice."""

REORDER_S, LATEST_S = 0.8, 6.0
_THREADS = 32
_HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


def at_once(_delivery: Delivery) -> list[float]:
    """Forwarded at once."""
    return [0.0]


def duplicated(delivery: Delivery) -> list[float]:
    """Forwarded twice at random times, so that the order changes; sometimes the second much later."""
    random = delivery.random()
    late = random.random() < 0.2
    return [random.uniform(0.0, REORDER_S), random.uniform(0.0, LATEST_S if late else REORDER_S)]


def one_in_ten_lost(delivery: Delivery) -> list[float]:
    """Lost, for one in ten of each sender, so that some of the few that people cause are lost too."""
    block, place = divmod(delivery.of_sender, 10)
    lost = place == Random(f"{delivery.seed}:{delivery.sender}:{block}").randrange(10)
    return [] if lost else [0.0]


class WebhookProxy:
    """Listens while it is entered; `counts` says what became of the deliveries."""

    def __init__(self, port: int, target_port: int, schedule: Schedule, seed: int) -> None:
        self.target_port, self.seed = target_port, seed
        self._in_flight = 0
        self._lock = threading.Lock()
        self.begin(schedule)
        self._closed = threading.Event()
        self._threads = ThreadPoolExecutor(_THREADS)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._request_handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "WebhookProxy":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._threads.shutdown()

    def begin(self, schedule: Schedule) -> None:
        """From now on deliveries follow this schedule, and are counted anew."""
        with self._lock:
            self.schedule = schedule
            self.counts: Counter[str] = Counter()
            self.lost: list[str] = []
            self._seen: Counter[Any] = Counter()

    def quiet(self) -> bool:
        """Whether no delivery is in flight."""
        with self._lock:
            return self._in_flight == 0

    def summary(self) -> dict[str, int]:
        """The counts for the report."""
        names = ("received", "delivered", "lost", "doubled", "failed")
        return {name: self.counts[name] for name in names}

    def receive(self, path: str, headers: Headers, body: bytes) -> None:
        """Schedule one delivery; the same seed schedules the same delivery in the same way."""
        kind, sender = _kind_and_sender(headers, body)
        with self._lock:
            delivery = Delivery(self.seed, kind, sender, self._seen[kind, sender], self._seen[sender])
            self._seen.update([(kind, sender), sender])
            delays = self.schedule(delivery)
            self.counts["received"] += 1
            self.counts["lost"] += not delays
            self.counts["doubled"] += len(delays) > 1
            self.lost += [] if delays else [f"{kind} by {sender}"]
            self._in_flight += len(delays)
        for delay in delays:
            self._threads.submit(self._forward, delay, path, headers, body)

    def _forward(self, delay: float, path: str, headers: Headers, body: bytes) -> None:
        self._closed.wait(delay)
        try:
            accepted = 200 <= self._post(path, headers, body) < 300
        except (OSError, HTTPException):
            accepted = False
        with self._lock:
            self._in_flight -= 1
            self.counts["delivered" if accepted else "failed"] += 1

    def _post(self, path: str, headers: Headers, body: bytes) -> int:
        connection = HTTPConnection("127.0.0.1", self.target_port, timeout=5)
        try:
            connection.request("POST", path, body, dict(headers))
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def _request_handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            """Answers the forge at once, whatever becomes of the delivery."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                forwarded = {
                    name: text for name, text in self.headers.items() if name.lower() not in _HOP_BY_HOP
                }
                proxy.receive(self.path, forwarded, body)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the counts are enough."""

        return Handler


def _kind_and_sender(headers: Headers, body: bytes) -> tuple[str, str]:
    """What kind of event a delivery reports, and whose action caused it."""
    payload: dict[str, Any] = json.loads(body)
    event = headers.get("X-Gitea-Event-Type") or headers.get("X-Gitea-Event") or "?"
    kind = f"{event} {payload.get('action') or ''}".strip()
    return kind, (payload.get("sender") or {}).get("login") or "nobody"
