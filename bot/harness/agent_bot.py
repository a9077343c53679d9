"""A whole bot whose tasks a real agent does, against a model that is played; sprints of one task on it."""

import base64
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from bot.cli.hooks import install_hook
from bot.harness.copied_agent import copied_agent
from bot.harness.environment import BOT, USER, Environment, HarnessError, start_environment
from bot.harness.model_stub import ModelStub
from shell.agent.frameworks import FRAMEWORKS
from shell.clock import now
from shell.forge.gitea import GiteaForge

KEYS: Mapping[str, tuple[str, ...]] = {
    "aider": ("OPENAI",),
    "claude-code": ("ANTHROPIC",),
    "codex-cli": ("OPENAI",),
    "gemini-cli": ("GEMINI", "GOOGLE"),
    "open-code": ("ANTHROPIC",),
}
"""Whose key and address each is given, as one who sets it up gives it those of one provider."""
WAIT_S = 120.0


def variables_of(framework: str, model: ModelStub) -> dict[str, str]:
    """The framework's variables: those that lead it to the played model, and none of this machine's."""
    own = {name: value for name, value in model.environment().items() if name.startswith(KEYS[framework])}
    return {**dict.fromkeys(FRAMEWORKS[framework].variables, ""), **own}


@contextmanager
def agent_bot(
    framework: str, installed: Path, folder: Path, model: ModelStub, repos: Sequence[str], config: str = ""
) -> Iterator[Environment]:
    """The bot, let into these repositories; `config` is their `.caloron.yml`."""
    person = folder / "person"
    person.mkdir(parents=True)
    settings = {
        **variables_of(framework, model),
        "HOME": str(person),
        "CALORON_FRAMEWORK": framework,
        "CALORON_EGRESS": f"127.0.0.1:{model.port}",
    }
    with (
        _surroundings(),
        copied_agent(installed, folder / "home"),
        start_environment(folder, repos, settings) as env,
    ):
        for repo in repos:
            if config:
                _write(env, repo, ".caloron.yml", config)
            install_hook(env.settings, env.client(BOT), "gitea", repo)
        yield env


@contextmanager
def _surroundings() -> Iterator[None]:
    """A bot of the harness has its settings, its folder and its signals in this process; then they go."""
    before, folder, handler = dict(os.environ), Path.cwd(), signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)


def _write(env: Environment, repo: str, path: str, text: str) -> None:
    forge = GiteaForge(env.forge["url"], env.forge["users"][BOT]["token"])
    content = base64.b64encode(text.encode()).decode()
    said = {"message": f"Write {path}", "content": content, "branch": "main"}
    forge.api.send("POST", f"/repos/{repo}/contents/{path}", said)


@dataclass(frozen=True)
class Sprint:
    """A sprint of one task in a repository of its own."""

    env: Environment
    repo: str
    kickoff: int
    since: str

    @classmethod
    def planned(cls, env: Environment, repo: str, task: str) -> "Sprint":
        """Its plan is on the board, and waits for an approval."""
        forge, since = env.client(USER), now()
        kickoff = int(
            forge.create_issue(repo, "A small thing", f"One thing is needed.\n\n- {task}")["number"]
        )
        forge.comment(repo, kickoff, "/plan")
        sprint = cls(env, repo, kickoff, since)
        sprint.wait(lambda: any(one["author"] == BOT for one in forge.issue_comments(repo, kickoff)), "plan")
        return sprint

    def approve(self) -> float:
        """The moment, by the monotonic clock, at which the approval is sent."""
        at = monotonic()
        self.env.client(USER).comment(self.repo, self.kickoff, "/approve")
        return at

    def runs(self) -> list[Mapping[str, Any]]:
        """The runs that have ended."""
        events = (entry["event"] for entry in self.env.journal(self.env.lane(self.repo)))
        return [event for event in events if event["type"] == "agent_finished"]

    def head(self) -> tuple[str, str] | None:
        """The head of its pull request, and the branch, once there is one."""
        forge = self.env.client(USER)
        for number in forge.changes_since(self.repo, self.since)["pulls"]:
            head = forge.pull(self.repo, number)["head"]
            return head["sha"], head["ref"]
        return None

    def wait(self, found: Callable[[], Any], what: str, limit_s: float = WAIT_S) -> Any:
        """What is found, once it is; HarnessError after a while, or where a run has failed."""
        deadline = monotonic() + limit_s
        while not (there := found()):
            if monotonic() > deadline:
                raise HarnessError(f"{self.repo}: no {what} in {limit_s:.0f} s; see {self.env.logs}")
            sleep(0.05)
        return there
