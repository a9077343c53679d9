"""The web process: gunicorn with gevent, one application on each of two ports.

Each port has connections of its own, and one that sends slowly costs a greenlet, so whoever opens many at one
port, or sends halves of requests, keeps nobody else waiting.
"""

import os
import resource
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

from gevent import Timeout
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger as GunicornLogger  # type: ignore[import-untyped]
from werkzeug.wrappers import Response

from shell.errors import Unavailable
from shell.garbage import keep_what_is_loaded
from shell.logging import log_of
from shell.parent import die_with_parent
from shell.settings import Settings, in_address
from shell.store import Store, connect

from .intake import FREE_BYTES
from .surface import create_shell
from .webhooks import create_webhook_app

_log = log_of(__name__)

CONNECTIONS = 2000
"""How many may be open at each port; the next wait until one ends."""
HEADER_S = 5
"""In this time the head of a request must be here; a kept connection is closed after as long without one."""
STORE_TIMEOUT_S = 1.0
HEARTBEAT_EVERY_S = 3.0

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def by_port(apps: dict[str, Wsgi]) -> Wsgi:
    """Dispatch each request to the application of the port at which it arrived."""
    not_found = Response("Not found.\n", 404)

    def dispatch(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return apps.get(environ["SERVER_PORT"], not_found)(environ, start_response)

    return dispatch


def create_web(settings: Settings, store: Store) -> Wsgi:
    """The webhook endpoint, the shell's surface and the metrics, each at its port, as one application."""
    webhooks = create_webhook_app(settings, store, limit).wsgi_app
    apps: dict[str, Wsgi] = {str(settings.shell_port): create_shell(settings, store).wsgi_app}
    if settings.metrics_port is None:
        return by_port(apps | {str(settings.port): webhooks})
    metrics = {str(settings.metrics_port): _only(webhooks, lambda path: path == "/metrics")}
    return by_port(apps | metrics | {str(settings.port): _only(webhooks, lambda path: path != "/metrics")})


def _only(app: Wsgi, wanted: Callable[[str], bool]) -> Wsgi:
    """The application, where only these of its paths are there."""
    not_found = Response("Not found.\n", 404)
    return lambda environ, start: (app if wanted(environ["PATH_INFO"]) else not_found)(environ, start)


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Ends the block after so many seconds with TimeoutError."""
    with Timeout(seconds, TimeoutError()):
        yield


def _end_unread(_worker: Any, request: Any, environ: dict[str, Any], answer: Any) -> None:
    """Gunicorn's hook behind an answer: the rest of a long body that was refused is not waited for."""
    length = environ.get("CONTENT_LENGTH") or "0"
    is_long = "HTTP_TRANSFER_ENCODING" in environ or not length.isdigit() or int(length) > FREE_BYTES
    if answer is not None and answer.status_code >= 400 and (is_long or answer.status_code == 408):
        request.force_close()


class _Log(GunicornLogger):  # type: ignore[misc]
    """Gunicorn's lines are made where all others are: masked, and harmless to a terminal."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn, configured by our settings alone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.main_pid = os.getpid()
        super().__init__()

    def load_config(self) -> None:
        settings = self.settings
        binds = [f"{in_address(settings.host)}:{settings.port}", f"127.0.0.1:{settings.shell_port}"]
        if settings.metrics_port is not None:
            binds.append(f"{in_address(settings.host)}:{settings.metrics_port}")
        options = {
            "bind": binds,
            "worker_class": "gevent",
            "workers": 1,
            "worker_connections": CONNECTIONS,
            "graceful_timeout": 8,
            "keepalive": HEADER_S,
            "loglevel": "warning",
            "logger_class": _Log,
            "proc_name": "caloron web",
            "control_socket_disable": True,
            "post_request": _end_unread,
            "post_fork": lambda _arbiter, _worker: die_with_parent(self.main_pid),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        store = Store(connect(self.settings.store_url, socket_timeout=STORE_TIMEOUT_S))
        threading.Thread(target=send_heartbeats, args=(store,), daemon=True).start()
        return create_web(self.settings, store)


def send_heartbeats(store: Store) -> None:
    """Send a heartbeat every few seconds, and go on through an outage of the store."""
    while True:
        try:
            store.alive("web")
        except Unavailable as error:
            _log.warning("the store does not answer", reason=str(error))
        sleep(HEARTBEAT_EVERY_S)


def serve(settings: Settings) -> None:
    """Run until stopped."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    create_shell(
        settings, Store(connect(settings.store_url))
    )  # fails here, before any port is open, if the token is missing
    server = Server(settings)
    keep_what_is_loaded()
    server.run()
