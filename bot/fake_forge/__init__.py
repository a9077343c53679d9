"""A forge in one process, for the demo and tests: the APIs of Gitea and GitHub over one state."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from bot.fake_forge import control, jobs, memory, pushes
from bot.fake_forge.gitea import payloads as gitea_payloads
from bot.fake_forge.github import payloads as github_payloads
from bot.fake_forge.server import by_number, make_app
from bot.fake_forge.world import Dialect, World
from bot.fake_forge.wsgi import Server

DIALECTS: dict[str, Dialect] = {"gitea": gitea_payloads, "github": github_payloads}
__all__ = ["FakeForge"]


class FakeForge:
    """A running forge: `with FakeForge(dialect="gitea") as forge: …`, or `start` and `stop` by hand.

    Without a folder it uses a temporary one, deleted on `close`. Its memory outlives `stop`, so that
    `stop(); start()` is an outage.
    """

    def __init__(
        self,
        dialect: Literal["gitea", "github"] = "gitea",
        folder: Path | str | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        faults: dict[str, Any] | None = None,
    ) -> None:
        self._temporary = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="fake-forge-")).resolve()
        self.dialect = dialect
        self.world = World(self.folder, DIALECTS[dialect], faults)
        self.app = make_app(self.world)
        self._host, self._port = host, port
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return self.world.url

    @property
    def api_url(self) -> str:
        """The base address for a client of this dialect."""
        return f"{self.url}/api/github" if self.dialect == "github" else self.url

    def start(self) -> FakeForge:
        self._server = Server(self._host, self._port, by_number(self.app, self.world))
        self._port = self._server.server_port
        self.world.url = f"http://{self._host}:{self._port}"
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering; the port stays the same for the next start."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.close_all()
        self._server.server_close()
        self._server = self._thread = None

    def close(self) -> None:
        """Stop, and delete the temporary folder."""
        self.stop()
        self.world.deliveries.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> FakeForge:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_user(self, name: str, *, admin: bool = False) -> str:
        """Create the user if needed; returns the token."""
        return self.world.state.add_user(name, admin=admin).token

    def token(self, name: str) -> str:
        return self.world.state.user(name).token

    def add_repository(
        self,
        full_name: str,
        owner: str | None = None,
        collaborators: dict[str, str] | None = None,
        files: dict[str, str | bytes | None] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Create a repository with a first commit (`files={}`: none); returns id, clone_url and so on."""
        made = control.make_repository(
            self.world, full_name, owner=owner, collaborators=collaborators, files=files, **more
        )
        return control.repository_shape(self.world, made)

    def commit(
        self,
        full_name: str,
        branch: str,
        files: dict[str, str | bytes | None],
        user: str,
        message: str = "A change",
        new_branch: str | None = None,
    ) -> str:
        """Push a commit as a user (files that are None are deleted); returns its id."""
        repository = control.repository_named(self.world, full_name)
        actor = self.world.state.user(user)
        with repository.lock:
            return pushes.commit_files(self.world, repository, actor, branch, files, message, new_branch)

    def finish_job(self, full_name: str, sha: str, name: str, state: str, log: str = "") -> int:
        """Let a job of the forge's own CI end on a commit as success or failure; returns its number."""
        repository = control.repository_named(self.world, full_name)
        return jobs.finish_job(self.world, repository, sha, name, state, log)

    def call(self, user: str | None, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Make one REST call as a user; the path starts after the dialect's prefix."""
        prefix = "/api/github" if self.dialect == "github" else "/api/v1"
        data = None if body is None else json.dumps(body).encode()
        wanted = urllib.request.Request(f"{self.url}{prefix}{path}", data, method=method)
        wanted.add_header("Content-Type", "application/json")
        if user is not None:
            wanted.add_header("Authorization", f"token {self.token(user)}")
        try:
            with urllib.request.urlopen(wanted, timeout=30) as answer:
                status, kind, raw = answer.status, answer.headers.get_content_type(), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, kind, raw = error.code, error.headers.get_content_type(), error.read()
        return status, json.loads(raw) if kind == "application/json" and raw else raw.decode()

    def save(self, folder: Path) -> None:
        """Write what it remembers into a folder, once every delivery was sent."""
        self.wait_for_deliveries()
        memory.save(self.world.state, folder)

    def load(self, folder: Path) -> None:
        """Go on from what another forge saved, also one of an older version; this one must be new."""
        memory.load(self.world.state, folder)

    def point_hooks_at(self, url: str) -> None:
        """Let every repository's hooks deliver to this address from now on."""
        for repository in self.world.state.repositories.values():
            for hook in repository.hooks:
                hook.url = url

    def set_faults(self, **faults: Any) -> None:
        """Replace the faults in force: drop, double, shuffle, delay_ms, seed, checking_ms, api=[rules]."""
        self.world.faults.set(faults)

    def log(self) -> list[dict[str, Any]]:
        """The calls received: n, method, path, query, user, ns, at, ms, status, fault."""
        return list(self.app.config["LOG"])

    def deliveries(self) -> list[dict[str, Any]]:
        """The deliveries sent: event, action, number, comment_id, url, status, made_ns …"""
        return list(self.world.deliveries.sent)

    def counts(self) -> dict[str, int]:
        """Deliveries by outcome: made, delivered, failed, dropped, doubled."""
        return dict(self.world.deliveries.counts)

    def wait_for_deliveries(self, seconds: float = 10.0) -> bool:
        """Wait until every delivery made so far is sent; False if that takes too long."""
        return self.world.deliveries.wait(seconds)
