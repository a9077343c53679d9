"""A running bot on one forge, and the repositories of its scenarios."""

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from bot.cli.supervise import Child, Supervisor
from bot.cli.up import environment
from bot.harness.environment import free_port
from shell.forge.gitea import GiteaForge
from shell.forge.github import GitHubForge
from shell.settings import Settings
from shell.store import Store, connect
from tests.flows.recorded_agents import write_recording
from tests.waiting import LIMIT_S, until

Client = GiteaForge | GitHubForge

BOT, ALICE, BOB, MALLORY = "bot", "alice", "bob", "mallory"
OTHER_BOT = "ci[bot]"
"""An account that GitHub shows as a bot's; Gitea shows none so."""
SECRET = "a secret of the scenarios"
RIGHTS = {"gitea": {"admin": "admin", "write": "write"}, "github": {"admin": "admin", "write": "push"}}
HANDED_IN = ("STAGING_URL", "https://staging.example.org")
"""A variable of the bot's machine that repositories may have handed to their agents."""
_names = itertools.count(1)


@dataclass
class House:
    """One forge with its accounts, and the bot that serves it."""

    kind: str
    client: Callable[[str], Client]
    settings: Mapping[str, str]
    real: bool = False
    fake_url: str = ""
    unhooked: bool = False
    """Whether no delivery comes from any of its repositories."""
    store: Store | None = None
    hook_url: str = ""
    home: Path = Path()
    clients: dict[str, Client] = field(default_factory=dict)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of deliveries that were handled, as far as someone looked."""

    @property
    def token(self) -> str:
        """The bot's token on this forge."""
        return self.settings.get("GITEA_TOKEN") or self.settings["GITHUB_TOKEN"]

    def of(self, login: str) -> Client:
        """What this account may do."""
        return self.clients.setdefault(login, self.client(login))

    def repository(
        self,
        owner: str = BOT,
        rights: Mapping[str, str] | None = None,
        *,
        empty: bool = False,
        hooked: bool = True,
    ) -> str:
        """A new public repository with the bot's hook: the bot administers it, alice and bob may write."""
        name = f"r{time.time_ns() % 10**10}-{next(_names)}"
        told = {"name": name, "auto_init": not empty, "default_branch": "main"}
        self.of(owner).api.send("POST", "/user/repos", told)
        repo = f"{owner}/{name}"
        for login, right in ({ALICE: "write", BOB: "write"} if rights is None else rights).items():
            path = f"/repos/{repo}/collaborators/{login}"
            self.of(owner).api.send("PUT", path, {"permission": RIGHTS[self.kind][right]})
            self.accept(login)
        if hooked:
            self.hook(repo)
        return repo

    def fault(self, **rule: Any) -> None:
        """From now on the fake forge strikes calls by this rule alone."""
        body = json.dumps({"api": [rule]}).encode()
        with urlopen(f"{self.fake_url}/_fake/faults", body, timeout=LIMIT_S) as answer:
            answer.read()

    def finish_job(self, repo: str, sha: str, name: str, state: str, log: str) -> None:
        """A job of the fake forge's own CI ends on a commit."""
        about = {"repository": repo, "sha": sha, "name": name, "state": state, "log": log}
        with urlopen(f"{self.fake_url}/_fake/jobs", json.dumps(about).encode(), timeout=LIMIT_S) as answer:
            answer.read()

    @property
    def calm_s(self) -> float:
        """For how long nothing must happen: a real forge does not tell whether a delivery is on its way."""
        return 0.0 if self.fake_url or self.unhooked else 1.0

    def delivering(self) -> bool:
        """Whether the fake forge has a delivery on its way."""
        if not self.fake_url:
            return False
        with urlopen(f"{self.fake_url}/_fake/deliveries/pending", timeout=LIMIT_S) as answer:
            return bool(json.load(answer)["pending"])

    def hook(self, repo: str) -> None:
        """From now on the repository tells the bot what happens."""
        self.of(repo.partition("/")[0]).create_hook(repo, self.hook_url, SECRET)

    def accept(self, login: str) -> None:
        """Take up an invitation to a repository, where the forge makes one."""
        if self.kind == "github":
            api = self.of(login).api
            for invitation in api.get("/user/repository_invitations"):
                api.send("PATCH", f"/user/repository_invitations/{invitation['id']}")

    def lane(self, repo: str) -> str:
        """The lane of a repository."""
        return f"{self.kind}-{self.of(BOT).repository(repo)['id']}"


@contextmanager
def served(house: House, folder: Path) -> Iterator[House]:
    """The house with its bot up: real processes, no reconcile, no poll, recorded agents."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {
        "CALORON_WEBHOOK_SECRET": SECRET,
        "CALORON_HOME": str(folder / "home"),
        "CALORON_FRAMEWORK": "stub",
        "CALORON_STUB_FIXTURE": str(write_recording(folder / "recorded.json", house.token)),
        "CALORON_AGENTS": "2",
        "CALORON_AGENT_ENV": HANDED_IN[0],
        HANDED_IN[0]: HANDED_IN[1],
        "CALORON_RECONCILE_S": "0",
        "CALORON_BOARD_S": "0.3",
        "CALORON_REPOS": f"{BOT}/*,{ALICE}/*",
        "CALORON_TICK_S": "600",
        "PORT": str(free_port()),
        "CALORON_SHELL_PORT": str(free_port()),
        **house.settings,
    }
    command = [sys.executable, "-P", "-m", "bot.cli", "up"]
    log = folder / "up.log"
    supervisor = Supervisor([Child("caloron up", command, unset(environment()) | given, log)], print)
    settings = Settings.of(given)
    client = connect(settings.store_url, socket_timeout=5.0)
    house.home = settings.home
    house.store, house.hook_url = Store(client), f"http://127.0.0.1:{given['PORT']}/webhooks"
    try:
        supervisor.start()
        until(lambda: answers(f"http://127.0.0.1:{given['PORT']}/readyz"), log.read_text)
        yield house
    finally:
        supervisor.drain()
        client.close()


def unset(told: dict[str, str]) -> dict[str, str]:
    """Without the settings of this machine's own bot."""
    ours = {str(field.validation_alias) for field in Settings.model_fields.values()}
    return {name: value for name, value in told.items() if name not in ours}


def answers(url: str) -> bool:
    """Whether someone listens there and says yes."""
    try:
        with urlopen(url, timeout=LIMIT_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
