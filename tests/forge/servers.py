"""Where a client is tried: a forge where alice owns repositories, bot administers them and bob reads."""

import base64
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from shell.errors import NotYet, Refused
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from tests.waiting import LIMIT_S, until

Client = GiteaForge | GitHubForge
Found = TypeVar("Found")
_names = itertools.count(1)


@dataclass
class Server:
    """One forge; `client(login)` speaks for one account there."""

    kind: str
    client: Callable[[str], Client]
    clients: dict[str, Client] = field(default_factory=dict)

    @property
    def bot(self) -> Client:
        return self.of("bot")

    @property
    def alice(self) -> Client:
        return self.of("alice")

    def of(self, login: str) -> Client:
        return self.clients.setdefault(login, self.client(login))

    def repository(self) -> str:
        """A new public repository of alice's with one file, that bot administers."""
        name = f"r{time.time_ns()}-{next(_names)}"
        self.alice.api.send(
            "POST", "/user/repos", {"name": name, "auto_init": True, "default_branch": "main"}
        )
        repo = f"alice/{name}"
        self.alice.api.send("PUT", f"/repos/{repo}/collaborators/bot", {"permission": "admin"})
        for invitation in self._invitations():
            self.bot.api.send("PATCH", f"/user/repository_invitations/{invitation['id']}")
        return repo

    def _invitations(self) -> list[dict[str, Any]]:
        return self.bot.api.get("/user/repository_invitations") if self.kind == "github" else []

    def write(self, repo: str, branch: str, path: str, text: str, by: str = "bot") -> str:
        """Commit one file to a branch, made from main if it is not there; the branch's new head."""
        said = {
            "message": f"Write {path}",
            "content": base64.b64encode(text.encode()).decode(),
            "branch": branch,
        }
        old = None
        if self.bot.branch_head(repo, branch):
            old = self._blob(repo, branch, path)
        elif self.kind == "gitea":
            said |= {"branch": "main", "new_branch": branch}
        else:
            head = self.bot.branch_head(repo, "main")
            self.bot.api.send("POST", f"/repos/{repo}/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
        method = "PUT" if old or self.kind == "github" else "POST"
        done = self.of(by).api.send(
            method, f"/repos/{repo}/contents/{path}", said | ({"sha": old} if old else {})
        )
        return str(done["commit"]["sha"])

    def _blob(self, repo: str, branch: str, path: str) -> str | None:
        try:
            return str(self.bot.api.get(f"/repos/{repo}/contents/{path}", ref=branch)["sha"])
        except Refused:
            return None

    def pull(self, repo: str, branch: str = "agent/s/t1", path: str = "one.txt", text: str = "one\n") -> Any:
        """A pull request by bot from a new branch with one file."""
        self.write(repo, branch, path, text)
        return self.bot.create_pull(repo, f"Do {branch}", "As asked.", branch, "main")

    def require(self, repo: str, *checks: str) -> None:
        """From now on main wants these checks, of administrators too."""
        if self.kind == "github":
            rule = {"required_status_checks": {"strict": False, "contexts": list(checks)}}
            rest = {"enforce_admins": True, "required_pull_request_reviews": None, "restrictions": None}
            self.bot.api.send("PUT", f"/repos/{repo}/branches/main/protection", rule | rest)
        else:
            said = {"enable_status_check": True, "status_check_contexts": list(checks)}
            self.bot.api.send("POST", f"/repos/{repo}/branch_protections", {"rule_name": "main", **said})

    def merge(self, repo: str, pull: Any, **how: Any) -> Any:
        """Merge as soon as the forge has checked."""
        said = {"head_sha": pull["head_sha"], "style": "merge"} | how
        return when_checked(lambda: self.bot.merge(repo, pull["number"], **said))


def when_checked(attempt: Callable[[], Found], seconds: float = LIMIT_S) -> Found:
    """What the attempt answers once the forge no longer says NotYet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except NotYet:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def wait_for(look: Callable[[], Found | None]) -> Found:
    """The first thing that the look finds."""
    found: list[Found] = until(lambda: [one for one in [look()] if one is not None])
    return found[0]


class Receiver:
    """A server that keeps every delivery as it came."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[Mapping[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append((dict(self.headers.items()), body))
                self.send_response(202)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
