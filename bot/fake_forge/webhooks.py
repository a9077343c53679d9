"""Sends the webhooks in the background, after the call that caused them was answered."""

from __future__ import annotations

import hashlib
import heapq
import http.client
import itertools
import threading
import time
import urllib.parse
import uuid
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.fake_forge.faults import Faults
from bot.fake_forge.state import Hook


@dataclass
class Message:
    """One event in its dialect: the coarse name, the fine name, the payload."""

    event: str
    fine: str
    payload: dict[str, Any]


@dataclass(order=True)
class Delivery:
    due: float
    number: int
    url: str = field(compare=False)
    headers: dict[str, str] = field(compare=False)
    body: bytes = field(compare=False)
    about: dict[str, Any] = field(compare=False)
    made_ns: int = field(compare=False)


def about(message: Message) -> dict[str, Any]:
    """What a delivery is about, for the log: event, action, number, comment."""
    payload = message.payload
    thing = payload.get("issue") or payload.get("pull_request") or {}
    return {
        "event": message.fine,
        "action": payload.get("action"),
        "number": thing.get("number"),
        "comment_id": (payload.get("comment") or {}).get("id"),
    }


HeadersFor = Callable[[Hook, Message, bytes, str], dict[str, str]]


class Deliveries:
    """A pool of threads that posts what is due; it counts what became of each delivery."""

    def __init__(self, faults: Faults, threads: int = 4, timeout: float = 5.0) -> None:
        self.faults, self.timeout = faults, timeout
        self.counts: Counter[str] = Counter()
        self.sent: deque[dict[str, Any]] = deque(maxlen=20_000)
        self._heap: list[Delivery] = []
        self._ready = threading.Condition()
        self._numbers = itertools.count(1)
        self._under_way = self._held_back = 0
        self._stopped = False
        self._held = threading.local()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def hold(self) -> None:
        """Keep this thread's deliveries back until `release`."""
        self._held.items = []

    def release(self) -> None:
        """Let go of what this thread held back: its call has been answered."""
        items, self._held.items = getattr(self._held, "items", None), None
        self._queue(items or [], held=True)

    def put(
        self, hook: Hook, message: Message, body: bytes, headers_for: HeadersFor, *, same_id: bool
    ) -> None:
        """Take one delivery for one hook; faults decide whether it goes never, once or twice."""
        delays = self.faults.delays()
        self.counts["made"] += 1
        self.counts["dropped"] += not delays
        self.counts["doubled"] += len(delays) > 1
        made, identity = time.monotonic_ns(), str(uuid.uuid4())
        items = []
        for delay in delays:
            headers = headers_for(hook, message, body, identity)
            items.append(Delivery(delay, next(self._numbers), hook.url, headers, body, about(message), made))
            identity = identity if same_id else str(uuid.uuid4())
        held = getattr(self._held, "items", None)
        if held is None:
            self._queue(items)
        else:
            held.extend(items)
            with self._ready:
                self._held_back += len(items)

    def _queue(self, items: list[Delivery], *, held: bool = False) -> None:
        if not items:
            return
        now = time.monotonic()
        with self._ready:
            self._held_back -= len(items) if held else 0
            for item in items:
                item.due += now
                heapq.heappush(self._heap, item)
            # All, as those who wait for silence wait here too.
            self._ready.notify_all()

    def pending(self) -> int:
        with self._ready:
            return len(self._heap) + self._under_way + self._held_back

    def wait(self, seconds: float = 10.0) -> bool:
        """True when everything was sent within that time."""
        end = time.monotonic() + seconds
        with self._ready:
            while self._heap or self._under_way or self._held_back:
                if not self._ready.wait(max(0.0, end - time.monotonic())) and time.monotonic() >= end:
                    return False
        return True

    def clear(self) -> None:
        """Forget what waits and what was counted."""
        with self._ready:
            self._heap.clear()
            self.counts.clear()
            self.sent.clear()
            self._ready.notify_all()

    def stop(self) -> None:
        with self._ready:
            self._stopped = True
            self._ready.notify_all()

    def _next(self) -> Delivery | None:
        with self._ready:
            while not self._stopped:
                wait = self._heap[0].due - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    self._under_way += 1
                    return heapq.heappop(self._heap)
                self._ready.wait(wait)
        return None

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            try:
                self._send(delivery)
            finally:
                with self._ready:
                    self._under_way -= 1
                    self._ready.notify_all()

    def _send(self, delivery: Delivery) -> None:
        start = time.monotonic_ns()
        status: int | str
        try:
            status = self._post(delivery)
        except (OSError, http.client.HTTPException) as error:
            status = f"{type(error).__name__}: {error}"
        good = isinstance(status, int) and 200 <= status < 300
        with self._ready:
            self.counts["delivered" if good else "failed"] += 1
        self.sent.append(
            {
                **delivery.about,
                "url": delivery.url,
                "status": status,
                "made_ns": delivery.made_ns,
                "sent_ns": start,
                "answered_ns": time.monotonic_ns(),
                "size": len(delivery.body),
                "sha256": hashlib.sha256(delivery.body).hexdigest(),
            }
        )

    def _post(self, delivery: Delivery) -> int:
        parts = urllib.parse.urlsplit(delivery.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=self.timeout)
        try:
            path = parts.path or "/"
            connection.request(
                "POST", f"{path}?{parts.query}" if parts.query else path, delivery.body, delivery.headers
            )
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()
