"""A sprint whose tasks form a diamond, with recorded agents and a user who reviews, behind a faulty proxy."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from bot.cli.hooks import install_hook
from shell.clock import now
from shell.event import Event
from shell.forge.http import Connection
from shell.forge.protocol import HOOK_EVENTS
from shell.store.ledger import Migrated

from .environment import BOT, USER, Environment, ForgeStarter, HarnessError, free_port, start_environment
from .gitea_server import ADMIN
from .outcome import Outcome, outcome
from .scripted_user import ScriptedUser
from .webhook_proxy import Schedule, WebhookProxy, at_once

TITLE, LABEL = "Parts of a whole", "caloron:sprint"
_POLL_S, _QUIET_S, _BOARD_S = 0.25, 1.5, 0.5
_FORGE_EVENTS = ("issue_", "label_", "pr_", "check_", "command")


@dataclass(frozen=True)
class Mode:
    """What happens to the webhooks of a run."""

    name: str
    schedule: Schedule
    hooks: tuple[str, ...] = ("repository",)
    reconcile_s: float = 0.0


@dataclass(frozen=True)
class RunResult:
    """How one run ended."""

    mode: Mode
    seconds: float
    outcome: Outcome
    webhooks: dict[str, int]
    lost: list[str]
    found: dict[str, int] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """The figures alone."""
        figures = {"mode": self.mode.name, "seconds": round(self.seconds, 1), "webhooks": self.webhooks}
        return figures | {"lost": self.lost, "found": self.found}


def run_sprints(
    folder: Path, start: ForgeStarter, modes: Mapping[str, Mode], seed: int, tasks: int, timeout: float
) -> list[RunResult]:
    """Run one sprint after the other, each in a repository of its own, on one forge with one bot.

    `modes` are by repository, and all of them reconcile as often. HarnessError if one does not end in time.
    """
    folder.mkdir(parents=True)
    fixture = folder / "fixture.json"
    fixture.write_text(json.dumps(recording(tasks)))
    (reconcile_s,) = {mode.reconcile_s for mode in modes.values()}
    with WebhookProxy(0, free_port(), at_once, seed) as proxy:
        settings = {
            "CALORON_STUB_FIXTURE": str(fixture),
            "PORT": str(proxy.target_port),
            "CALORON_PUBLIC_URL": proxy.url,
            "CALORON_RECONCILE_S": str(reconcile_s),
            "CALORON_BOARD_S": str(_BOARD_S),
        }
        with start_environment(folder, [*modes], settings, start) as env:
            return [_run_sprint(env, mode, proxy, repo, tasks, timeout) for repo, mode in modes.items()]


def _run_sprint(
    env: Environment, mode: Mode, proxy: WebhookProxy, repo: str, tasks: int, timeout: float
) -> RunResult:
    proxy.begin(mode.schedule)
    with _hooks(env, mode, repo):
        env.log("", f"{mode.name}: webhooks of {repo} pass through {proxy.url}")
        return _Run(env, mode, proxy, repo, monotonic() + timeout).play(tasks)


def kickoff(tasks: int) -> str:
    """A first part, the parts that need it, and the whole that needs them all."""
    middle = [f"part{number}" for number in range(2, tasks)]
    lines = ["A whole of parts, for practice.", "", "- first: The first part\n  - scope: first.txt"]
    lines += [f"- {name}: Another part, {name} (after: first)\n  - scope: {name}.txt" for name in middle]
    return "\n".join([*lines, f"- whole: The whole (after: {', '.join(middle)})\n  - scope: whole.txt"])


def recording(tasks: int) -> dict[str, Any]:
    """What the agents write: a file each, and another one after a review that asks for changes."""
    names = ["first", *(f"part{number}" for number in range(2, tasks)), "whole"]
    rework = {"match": r"(?s)Task: part2\b.*Round: [2-9]|Round: [2-9].*Task: part2\b"}
    responses = [rework | _response("part2", "part2, better\n")]
    responses += [{"match": rf"Task: {name}\b"} | _response(name, f"{name}\n") for name in names]
    return {"responses": responses}


def _response(name: str, text: str) -> dict[str, Any]:
    feedback = {"task_id": name, "task_clarity": 8, "self_assessment": "completed", "tokens_consumed": 1000}
    block = f"CALORON_FEEDBACK_START {json.dumps(feedback)} CALORON_FEEDBACK_END"
    return {"files": {f"{name}.txt": text}, "output": f"Wrote {name}.\n{block}", "seconds": 0.3}


def user_for(env: Environment, repo: str, tasks: int, log: Callable[[str], None]) -> ScriptedUser:
    """The user of a diamond sprint, who asks for one change."""
    user = ScriptedUser(USER, env.client(USER), BOT, repo, log, now(), TITLE, kickoff(tasks))
    user.change_task, user.change_request = "part2", "Please make it better."
    return user


@contextmanager
def _hooks(env: Environment, mode: Mode, repo: str) -> Iterator[None]:
    """The webhooks of the mode; those of more than one repository are deleted afterwards."""
    if "repository" in mode.hooks:
        install_hook(env.settings, env.client(BOT), "gitea", repo)
    places = {"user": (USER, "/user/hooks"), "system": (ADMIN, "/admin/hooks")}
    created = [_create_wide_hook(env, *places[kind]) for kind in mode.hooks if kind in places]
    try:
        yield
    finally:
        for api, path in created:
            api.send("DELETE", path)


def _create_wide_hook(env: Environment, login: str, place: str) -> tuple[Connection, str]:
    """A webhook for more than one repository, at the plain address; the path at which to delete it."""
    api = _api(env, login)
    config = {"url": f"{env.settings.public_url}/webhooks", "content_type": "json"}
    config |= {"secret": env.settings.webhook_secrets[0], "is_system_webhook": "true"}
    events = [event for event in HOOK_EVENTS if not event.startswith(("check_", "pull_request_"))]
    hook = api.send("POST", place, {"type": "gitea", "active": True, "events": events, "config": config})
    return api, f"{place}/{hook['id']}"


def _api(env: Environment, login: str) -> Connection:
    token = env.forge["users"][login]["token"]
    return Connection(f"{env.forge['url']}/api/v1", {"Authorization": f"token {token}"})


@dataclass
class _Run:
    """One run in progress."""

    env: Environment
    mode: Mode
    proxy: WebhookProxy
    repo: str
    deadline: float

    def __post_init__(self) -> None:
        self.lane = self.env.lane(self.repo)

    def play(self, tasks: int) -> RunResult:
        """Let the user act until the kickoff is closed and everything is quiet."""
        started, env = monotonic(), self.env
        self._wait_for_labels()
        user = user_for(env, self.repo, tasks, lambda message: env.log(USER, message))
        user.open_kickoff()
        while user.forge.issue(self.repo, user.kickoff)["state"] == "open":
            user.step()
            self._pause(f"the sprint did not end; its board:\n{user.board()}")
        seconds = monotonic() - started
        self._wait_until_quiet()
        result, counts = outcome(user.forge, self.repo), self.proxy.summary()
        events = (entry["event"] for entry in env.journal(self.lane))
        return RunResult(self.mode, seconds, result, counts, self.proxy.lost, found_by_reconcile(events))

    def _pause(self, late: str) -> None:
        if monotonic() > self.deadline:
            raise HarnessError(f"{self.mode.name}: {late}\nThe logs are in {self.env.logs}")
        sleep(_POLL_S)

    def _wait_for_labels(self) -> None:
        """Without a webhook the bot must find the repository by itself, and create its labels there."""
        api = _api(self.env, USER)
        while all(label["name"] != LABEL for label in api.get(f"/repos/{self.repo}/labels", limit=50)):
            self._pause(f"the bot created no label {LABEL!r}")

    def _wait_until_quiet(self) -> None:
        """What is still in flight may do harm: nothing may happen for a while."""
        quiet_since = monotonic()
        while monotonic() - quiet_since < _QUIET_S:
            if not (self.proxy.quiet() and self._idle()):
                quiet_since = monotonic()
            self._pause("it did not become quiet")

    def _idle(self) -> bool:
        pending = [one for one in self.env.store.pending_actions(self.lane) if one["type"] != "look"]
        return not pending and not any(self.env.store.lanes_waiting())


def found_by_reconcile(events: Iterator[Event | Migrated]) -> dict[str, int]:
    """How many events of each type only a reconciliation found, because no webhook told of them."""
    types: dict[str, str] = {}
    for event in events:
        if event["type"] == "state_migrated":
            continue
        by_label = event["type"] == "command" and "label" in event["where"]  # counted as the label
        if event.get("found") and event["type"].startswith(_FORGE_EVENTS) and not by_label:
            types.setdefault(event["key"], event["type"])
    return dict(Counter(types.values()))
