"""A forge that is one bare repository on disk, and an attempt at it."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.harness.scripted_agent import program_of
from shell.agent.egress.hosts import Operator
from shell.agent.limits import Limits
from shell.agent.outcome import WorkLeft
from shell.agent.paths import Paths, SandboxMode
from shell.agent.run import run_attempt

IDENTITY = {
    f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def git(folder: Path, *arguments: str) -> str:
    """Git as a person would run it, with no configuration of this machine."""
    environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


SPEC: dict[str, Any] = {
    "type": "spawn_agent",
    "key": "spawn:t1:1",
    "sprint_id": "s-1",
    "task_id": "t1",
    "agent_id": "dev-1",
    "attempt": 1,
    "round": 1,
    "branch": "agent/s-1/t1",
    "base": "main",
    "title": "Say hello",
    "prompt": "Task: t1\nSay hello.",
    "framework": "stub",
    "model": None,
    "scope": [],
    "protected": [],
    "issue_number": 3,
    "pr_title": "Say hello",
    "pr_body": "Closes #3",
    "pr_number": None,
    "seen_sha": None,
    "time_limit_s": 30,
    "merge_base": False,
    "repo": "o/r",
    "repo_id": 1,
    "lane": "gitea-1",
}


class DiskForge:
    """A repository and its pull requests."""

    def __init__(self, folder: Path) -> None:
        self.bare = folder / "forge.git"
        self.clone = folder / "clone"
        git(folder, "init", "-q", "--bare", "-b", "main", str(self.bare))
        git(folder, "clone", "-q", str(self.bare), str(self.clone))
        self.pulls: list[dict[str, Any]] = []
        self.moved_to = ""
        self.statuses: dict[str, dict[str, str]] = {}

    def commit(self, files: dict[str, str | None], branch: str = "main", start: str | None = None) -> str:
        """What someone pushes."""
        git(self.clone, "checkout", "-q", *(["-B", branch, start] if start else ["-B", branch]))
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        git(self.clone, "add", "-A", "-f")
        git(self.clone, "commit", "-q", "-m", "by hand")
        git(self.clone, "push", "-q", "-f", "origin", branch)
        return git(self.clone, "rev-parse", "HEAD")

    def head(self, branch: str) -> str:
        return git(self.bare, "rev-parse", branch)

    def branch_head(self, repo: str, branch: str) -> str | None:
        return self.head(branch) if branch in self.branches() else None

    def branches(self) -> list[str]:
        return git(self.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def text(self, path: str, branch: str = "agent/s-1/t1") -> str:
        return git(self.bare, "show", f"{branch}:{path}")

    def files(self, branch: str = "agent/s-1/t1") -> list[str]:
        return git(self.bare, "ls-tree", "-r", "-z", "--name-only", branch).strip("\0").split("\0")

    def subject(self, branch: str) -> str:
        """The first line of the branch's last commit."""
        return git(self.bare, "log", "-1", "--format=%s", branch)

    # what an attempt asks of a forge

    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None:
        open_ = [pull for pull in self.pulls if pull.get("state") != "closed"]
        found = [pull for pull in open_ if (pull["head"], pull["base"]) == (head_branch, base)]
        return found[0]["number"] if found else None

    def create_pull(
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> dict[str, Any]:
        pull = {"number": 7 + len(self.pulls), "title": title, "body": body, "head": head, "base": base}
        self.pulls.append(pull | {"draft": draft})
        return pull

    def set_draft(self, repo: str, number: int, draft: bool) -> None:
        for pull in self.pulls:
            pull["draft"] = draft if pull["number"] == number else pull["draft"]

    def issue(self, repo: str, number: int) -> dict[str, Any]:
        there: dict[str, Any] = next((pull for pull in self.pulls if pull["number"] == number), {})
        return {"author": "bot", "author_id": 1, "state": "open"} | there

    def me(self) -> dict[str, Any]:
        return {"login": "bot", "id": 1}

    def set_status(
        self, repo: str, sha: str, state: str, context: str, description: str = "", target_url: str = ""
    ) -> None:
        self.statuses.setdefault(sha, {})[context] = state

    def repository(self, repo: str) -> dict[str, Any]:
        return {"clone_url": self.moved_to}

    def credential(self, repo: str | None = None) -> tuple[str, str]:
        return "caloron", "forge-token-0123456789"


class Witness:
    """Remembers what a run tells; `allowed` is the fence."""

    def __init__(self, allowed: Callable[[], bool] = lambda: True) -> None:
        self.allowed = allowed
        self.pids: list[int] = []
        self.signs: list[str] = []
        self.lines: list[str] = []
        self.pushed: list[str] = []
        self.partial: list[str] = []

    def started(self, pid: int) -> None:
        self.pids.append(pid)

    def heartbeat(self, last_sign_at: str) -> None:
        self.signs.append(last_sign_at)

    def may_go_on(self) -> bool:
        return self.allowed()

    def pushing(self, commit: str, partial: bool = False) -> None:
        self.pushed.append(commit)
        if partial:
            self.partial.append(commit)

    def output(self, line: str) -> None:
        self.lines.append(line)


class Stage:
    """One forge, one home, and attempts by the stub agent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.forge = DiskForge(folder)
        self.witness = Witness()
        self.fixture = folder / "answers.json"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder / "person")}
        self.home = folder / "caloron"
        self.sandbox: SandboxMode = "preferred"
        self.limits = Limits()
        self.operator = Operator()
        self.agent_env: tuple[str, ...] = ()
        self.own_disks = False
        self.told: Callable[[], list[str]] = list
        self.work_left: WorkLeft = "drop"

    def answers(self, *responses: dict[str, Any]) -> None:
        self.fixture.write_text(json.dumps({"responses": list(responses)}))
        self.environment["CALORON_STUB_FIXTURE"] = str(self.fixture)

    def script(self, text: str, program: str = "claude-agent-acp") -> None:
        """Let `program` be an agent that does what a shell script says; its framework's attempts run it."""
        tools = self.folder / "bin"
        tools.mkdir(exist_ok=True)
        (tools / program).write_text(program_of(text))
        (tools / program).chmod(0o755)
        self.environment["PATH"] = f"{tools}:{os.environ['PATH']}"

    def play(self, text: str, **changed: Any) -> Any:
        """An attempt whose agent is this shell script."""
        self.script(text)
        return self.run(framework="claude-code", **changed)

    def run(self, **changed: Any) -> Any:
        places = Paths(
            self.home,
            self.environment,
            self.sandbox,
            self.limits,
            self.operator,
            self.agent_env,
            own_disks=self.own_disks,
        )
        spec = SPEC | {"clone_url": str(self.forge.bare)} | changed
        return run_attempt(spec, self.forge, places, self.witness, self.told, lambda: self.work_left)
