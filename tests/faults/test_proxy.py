"""The faulty proxy by itself, and what is compared of two sprints."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import requests

from bot.harness.diamond_sprint import found_by_reconcile
from bot.harness.outcome import differences, normalised
from bot.harness.webhook_proxy import Delivery, Schedule, WebhookProxy, at_once, duplicated, one_in_ten_lost
from tests.waiting import until


@contextmanager
def receiver() -> Iterator[tuple[int, list[tuple[str, str | None, bytes]]]]:
    """A server to deliver to: its port, and what arrived."""
    came: list[tuple[str, str | None, bytes]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, self.headers.get("X-Gitea-Signature"), body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port, came
    finally:
        server.shutdown()
        server.server_close()


def sent(
    schedule: Schedule, number: int = 1, seed: int = 7
) -> tuple[WebhookProxy, list[tuple[str, str | None, bytes]]]:
    """The proxy after so many deliveries, and what arrived at the receiver."""
    with receiver() as (port, came), WebhookProxy(0, port, schedule, seed) as proxy:
        send_through(proxy, number)
        return proxy, came


def send_through(proxy: WebhookProxy, number: int) -> None:
    """So many deliveries, until none is on its way."""
    for at in range(number):
        headers = {"X-Gitea-Event": "issues", "X-Gitea-Signature": f"{at}"}
        body = {"action": "opened", "sender": {"login": "alice"}, "at": at}
        assert requests.post(f"{proxy.url}/webhooks?x=1", json=body, headers=headers, timeout=5).ok
    until(proxy.quiet)


def test_a_delivery_goes_through_as_it_came() -> None:
    proxy, came = sent(at_once)
    assert came == [("/webhooks?x=1", "0", b'{"action": "opened", "sender": {"login": "alice"}, "at": 0}')]
    assert proxy.summary() == {"received": 1, "delivered": 1, "lost": 0, "doubled": 0, "failed": 0}


def test_doubled_means_twice_and_in_another_order() -> None:
    proxy, came = sent(duplicated, 8)
    order = [int(signature or "") for _, signature, _ in came]
    assert sorted(order) == sorted([*range(8), *range(8)]) and order != sorted(order)
    assert proxy.counts["doubled"] == 8 and proxy.counts["delivered"] == 16


def test_the_same_seed_loses_the_same() -> None:
    first, came = sent(one_in_ten_lost, 40)
    again, came_again = sent(one_in_ten_lost, 40)
    assert sorted(came) == sorted(came_again) and first.counts["lost"] == again.counts["lost"] == 4
    assert first.lost == ["issues opened by alice"] * 4


def test_a_tenth_is_a_tenth() -> None:
    lost = [at for at in range(1000) if not one_in_ten_lost(Delivery(3, "issues", "alice", 0, at))]
    assert [at // 10 for at in lost] == [*range(100)] and len({at % 10 for at in lost}) == 10


def test_a_schedule_that_begins_later_is_as_if_it_were_the_first() -> None:
    first, came = sent(one_in_ten_lost, 40)
    with receiver() as (port, again), WebhookProxy(0, port, at_once, 7) as proxy:
        for schedule, number in ((duplicated, 3), (one_in_ten_lost, 40)):
            again.clear()
            proxy.begin(schedule)
            send_through(proxy, number)
        assert sorted(again) == sorted(came)
        assert proxy.summary() == first.summary() and proxy.lost == first.lost


def test_a_receiver_that_is_down_is_counted() -> None:
    with WebhookProxy(0, 1, at_once, 0) as proxy:
        requests.post(f"{proxy.url}/webhooks", json={}, timeout=5)
        until(proxy.quiet)
        assert proxy.summary()["failed"] == 1


def test_texts_of_two_runs_become_the_same() -> None:
    one = (
        "#12 merged as 4f2a9bc0d1 after 3.5 s, 2026-11-21T07:00:00Z <!-- caloron:task key=a/b sprint=x-1 -->"
    )
    two = (
        "#4 merged as aa00bb11cc after 12 s, 2026-11-22T19:10:59.120Z <!-- caloron:task key=c sprint=y-2 -->"
    )
    assert normalised(one) == normalised(two)
    assert normalised("a defaced facade was added") == "a defaced facade was added"


def test_what_differs_is_named() -> None:
    thing = {"kind": "issue", "number": 1, "title": "A", "state": "closed", "labels": ["x"], "body": ""}
    plain = {"things": [thing | {"comments": ["bot: done"]}], "merges": 1}
    other = {"things": [thing | {"comments": ["bot: done", "bot: done"]}], "merges": 1}
    wrong = [row for row in differences(plain, other) if row["equal"] != "yes"]
    assert [row["compared"] for row in wrong] == ["comment bodies"]
    assert wrong[0]["too many"] == ["issue “A”: bot: done"] and wrong[0]["missing"] == []


def test_what_was_found_by_reconciliation_is_counted_once() -> None:
    events: list[Any] = [
        {"type": "seen", "key": "s", "found": True},
        {"type": "label_added", "key": "l", "found": True},
        {"type": "label_added", "key": "l", "found": True, "allowed": True},
        {"type": "command", "key": "c", "found": True, "where": {"number": 1, "label": "caloron:sprint"}},
        {"type": "command", "key": "d", "found": True, "where": {"number": 1, "comment_id": 3}},
        {"type": "pr_merged", "key": "m"},
    ]
    assert found_by_reconcile(iter(events)) == {"label_added": 1, "command": 1}
