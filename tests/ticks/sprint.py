"""A sprint of two tasks that nothing but ticks moves, and the people around it on a real Gitea."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shell.forge.gitea import GiteaForge
from tests.waiting import until

SPRINT = "shop-1a2b-1"
NOBODY = "http://127.0.0.1:9"
TICKS = 16  # eleven are enough
PLAN = {
    "t1": {"title": "Write the price list", "status": "Pending", "depends_on": [], "agent_id": "agent-1"},
    "t2": {"title": "Show the prices", "status": "Pending", "depends_on": ["t1"], "agent_id": "agent-2"},
}

Json = Any
RunTick = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Tick:
    """One tick: what people did before it, the answer, and how things stood after it."""

    number: int
    before: str
    envelope: dict[str, Any]
    tasks: dict[str, str]
    issues: list[dict[str, Any]]


class Refusing:
    """A shell that knows no sprint: every `/spawn` is a 404."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                words = json.dumps({"ok": False, "error": "unknown sprint"}).encode()
                self.send_response(404)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Around:
    """Bob, who works on the tasks, and alice, who reviews: all that is alive beside the forge."""

    def __init__(self, server: dict[str, Any], name: str, kv: Path) -> None:
        self.server = server
        self.repo = f"alice/{name}"
        self.kept_at = kv / f"{SPRINT}.json"
        self.alice, self.bob = (self.client(login) for login in ("alice", "bob"))
        made = {"name": name, "auto_init": True, "default_branch": "main"}
        self.alice.api.send("POST", "/user/repos", made)
        for login, right in (("bot", "write"), ("bob", "write")):
            path = f"/repos/{self.repo}/collaborators/{login}"
            self.alice.api.send("PUT", path, {"permission": right})
        kv.mkdir(parents=True)
        self.kept_at.write_text(json.dumps({"state": {"tasks": PLAN}}), encoding="utf-8")

    def client(self, login: str) -> GiteaForge:
        return GiteaForge(self.server["url"], self.server["users"][login]["token"])

    @property
    def tasks(self) -> dict[str, Json]:
        return dict(json.loads(self.kept_at.read_text(encoding="utf-8"))["state"]["tasks"])

    def act(self) -> str:
        """Do what is to be done by a person or an agent now, and say it."""
        for task_id, task in self.tasks.items():
            match task["status"]:
                case "InProgress" if not task.get("pr_number"):
                    return self.open_pull(task_id, task["issue_number"])
                case "InProgress" if task.get("sent_back"):
                    self.commit(task_id, "better")
                    return f"bob pushes `work/{task_id}` once more"
                case "InReview" if task_id == "t2" and not task.get("review_cycles"):
                    return self.review(task["pr_number"], "request_changes")
                case "InReview" if not task.get("approved"):
                    return self.review(task["pr_number"], "approve")
        return ""

    def open_pull(self, task_id: str, issue: int) -> str:
        self.commit(task_id, "done")
        title, body = f"Do {task_id}", f"Closes #{issue}"
        pull = self.bob.create_pull(self.repo, title, body, f"work/{task_id}", "main")
        return f"bob pushes `work/{task_id}` and opens #{pull['number']}: `{body}`"

    def commit(self, task_id: str, text: str) -> None:
        """A commit of bob's: the first one makes the branch, the next one changes the file."""
        path, branch = f"/repos/{self.repo}/contents/{task_id}.txt", f"work/{task_id}"
        content = base64.b64encode(text.encode()).decode()
        said = {"message": f"{task_id}: {text}", "content": content}
        if self.bob.branch_head(self.repo, branch) is None:
            self.bob.api.send("POST", path, {**said, "branch": "main", "new_branch": branch})
        else:
            old = self.bob.api.get(path, ref=branch)["sha"]
            self.bob.api.send("PUT", path, {**said, "branch": branch, "sha": old})

    def review(self, number: int, verdict: str) -> str:
        """Alice's word, said when the forge has looked at the head, so that a merge can follow at once."""
        pull = f"/repos/{self.repo}/pulls/{number}"
        until(lambda: self.alice.api.get(pull)["mergeable"], lambda: f"the forge still checks #{number}")
        head = self.alice.pull(self.repo, number)["head"]["sha"]
        words = {"approve": "", "request_changes": "Please say it better."}
        self.alice.review(self.repo, number, verdict, words[verdict], head)
        return f"alice {'approves' if verdict == 'approve' else 'asks for changes on'} #{number}"

    def issues(self) -> list[dict[str, Any]]:
        """What the forge's list shows: issues and pull requests, first to last."""
        listed = self.alice.api.get(f"/repos/{self.repo}/issues", state="all", limit=50)
        return sorted((self.row(raw) for raw in listed), key=lambda row: int(row["number"]))

    def row(self, raw: Json) -> dict[str, Any]:
        pull = raw.get("pull_request")
        state = "merged" if pull and pull["merged"] else raw["state"]
        labels = sorted(label["name"] for label in raw["labels"])
        kind = "pull request" if pull else "issue"
        return {
            "number": raw["number"],
            "kind": kind,
            "title": raw["title"],
            "state": state,
            "labels": labels,
        }


def play(server: dict[str, Any], name: str, folder: Path, run: RunTick) -> list[Tick]:
    """The whole sprint, tick by tick, until every task is Done."""
    with settings(server, folder / "kv"):
        around = Around(server, name, folder / "kv")
        shell = Refusing()
        try:
            return list(ticks(around, run, shell.url))
        finally:
            shell.close()


@contextmanager
def settings(server: dict[str, Any], kv: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITEA_URL", server["url"])
        patch.setenv("GITEA_TOKEN", server["users"]["bot"]["token"])
        patch.setenv("CALORON_KV_DIR", str(kv))
        patch.setenv("CALORON_SHELL_TOKEN", "a token")
        yield


def where(around: Around) -> dict[str, Any]:
    """What every tick is given."""
    return {
        "sprint_id": SPRINT,
        "repo": around.repo,
        "host": f"{around.server['url']}/api/v1",
        "token_env": "GITEA_TOKEN",
        "stall_threshold_m": 20,
    }


def still_checking(envelope: dict[str, Any]) -> bool:
    """A merge that Gitea was not ready for: the next tick asks again, so this one is not told."""
    return any("still checks" in error for error in envelope["data"]["output"]["errors"])


def once_checked(run: RunTick, given: dict[str, Any]) -> dict[str, Any]:
    """The first tick that comes when the forge has looked at what is to be merged."""
    return until(lambda: None if still_checking(envelope := run(given)) else envelope) or {}


def ticks(around: Around, run: RunTick, refusing: str) -> Iterator[Tick]:
    for number in range(1, TICKS + 1):
        before = around.act() if number > 1 else ""
        shell = refusing if around.tasks["t1"]["status"] == "Done" else NOBODY
        given = {**where(around), "shell_url": shell}
        envelope = once_checked(run, given)
        statuses = {task_id: task["status"] for task_id, task in around.tasks.items()}
        yield Tick(number, before, envelope, statuses, around.issues())
        if set(statuses.values()) == {"Done"}:
            return
