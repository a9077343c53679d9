"""The web process for real: gunicorn on two ports over an embedded store that is stopped and killed."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from werkzeug.test import Client

from bot.cli.up import environment
from bot.web.serve import Server, create_web
from shell.settings import Settings
from shell.store import Store, connect
from tests.waiting import LIMIT_S, until

from .test_webhooks import BODY, Memory, signed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """The store's and the web process, and how to call them."""

    settings: Settings
    store: "subprocess.Popen[bytes]"
    web: "subprocess.Popen[bytes]"

    def call(
        self, path: str, body: bytes | None = None, shell: bool = False
    ) -> tuple[int, dict[str, object]]:
        port = self.settings.shell_port if shell else self.settings.port
        headers = signed("new", body) if body else {}
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}{path}", body, headers), timeout=LIMIT_S) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)


def open_port(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    given = {
        "CALORON_WEBHOOK_SECRET": "new",
        "GITEA_URL": "http://forge.test",
        "GITEA_TOKEN": "t",
        "CALORON_SHELL_TOKEN": "sesame",
        "CALORON_HOME": str(tmp_path),
        "PORT": str(free_port()),
        "CALORON_SHELL_PORT": str(free_port()),
    }
    settings, told = Settings.of(given), environment() | given
    processes = [
        subprocess.Popen([sys.executable, "-P", "-m", name], env=told)
        for name in ("shell.embedded", "bot.web")
    ]
    try:
        until(lambda: open_port(settings.port) and settings.store_socket.exists())
        yield Running(settings, *processes)
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


def test_a_receipt_means_kept_and_a_hanging_store_means_503_in_time(running: Running) -> None:
    status, told = running.call("/webhooks", BODY)
    assert status == 202
    store = Store(connect(running.settings.store_url))
    assert [event["body"] for event in inbox(store)] == ["/status"]
    assert running.call(f"/receipts/{told['receipt']}")[0] == 200

    running.store.send_signal(signal.SIGSTOP)
    began = monotonic()
    assert running.call("/webhooks", BODY)[0] == 503
    assert monotonic() - began < 5, "Gitea gives a delivery five seconds"
    running.store.send_signal(signal.SIGCONT)
    until(lambda: running.call("/webhooks", BODY)[0] == 202)

    running.store.kill()
    running.store.wait()
    assert running.call("/webhooks", BODY)[0] == 503
    assert running.call("/healthz")[0] == 200


def inbox(store: Store) -> list[dict[str, object]]:
    return [dict(entry) for entry in store.inbox("gitea-12", 10)]


def test_each_path_answers_only_on_its_own_port(running: Running) -> None:
    until(lambda: running.call("/healthz")[0] == 200)
    assert running.call("/health", shell=True) == (200, {"ok": True})
    assert running.call("/status", shell=True)[0] == 401
    assert running.call("/health")[0] == 404
    assert running.call("/readyz", shell=True)[0] == 401


def test_metrics_may_have_a_port_of_their_own(tmp_path: Path) -> None:
    given = {"CALORON_WEBHOOK_SECRET": "new", "GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t"}
    given |= {"CALORON_SHELL_TOKEN": "sesame", "CALORON_METRICS_PORT": "9100", "PORT": "8080"}
    settings = Settings.of(given | {"CALORON_HOME": str(tmp_path)})
    store: Any = Memory()
    client = Client(create_web(settings, store))
    paths = [
        (9100, "/metrics"),
        (9100, "/healthz"),
        (9100, "/webhooks"),
        (8080, "/metrics"),
        (8080, "/healthz"),
    ]
    found = [client.get(path, base_url=f"http://127.0.0.1:{port}").status_code for port, path in paths]
    assert found == [200, 404, 404, 404, 200]
    assert Server(settings).cfg.address[2] == ("127.0.0.1", 9100)
    assert 9100 in settings.operator.own_ports


def test_the_worker_does_not_outlive_its_killed_master(running: Running) -> None:
    until(lambda: running.call("/healthz")[0] == 200)
    running.web.kill()
    running.web.wait()
    until(lambda: not open_port(running.settings.port))
