"""A diamond sprint with recorded agents and a person who reviews, its webhooks through the faulty proxy."""

import json
from collections import Counter
from collections.abc import Iterator
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

from .environment import BOT, PERSON, Scene, SceneFailed, StartForge, free_port, scenery
from .gitea_server import ADMIN
from .outcome import Outcome, outcome
from .scripted_user import Person
from .webhook_proxy import Fate, Proxy

TITLE, LABEL = "Parts of a whole", "caloron:sprint"
_STEP_S, _QUIET_S = 0.25, 1.5
_TELLING = ("issue_", "label_", "pr_", "check_", "command")


@dataclass(frozen=True)
class Mode:
    """What happens to the webhooks."""

    name: str
    fate: Fate
    hooks: tuple[str, ...] = ("repository",)
    reconcile_s: float = 0.0


@dataclass(frozen=True)
class Played:
    """What became of one run."""

    mode: Mode
    seconds: float
    outcome: Outcome
    webhooks: dict[str, int]
    lost: list[str]
    found: dict[str, int] = field(default_factory=dict)

    def brief(self) -> dict[str, Any]:
        """The figures alone."""
        told = {"mode": self.mode.name, "seconds": round(self.seconds, 1), "webhooks": self.webhooks}
        return told | {"lost": self.lost, "found": self.found}


def play(
    folder: Path, start: StartForge, mode: Mode, repo: str, seed: int, tasks: int, timeout: float
) -> Played:
    """The sprint on a forge with a bot of its own, to its end; SceneFailed if it does not get there."""
    folder.mkdir(parents=True)
    fixture = folder / "fixture.json"
    fixture.write_text(json.dumps(recording(tasks)))
    with Proxy(0, free_port(), mode.fate, seed) as proxy:
        given = {
            "CALORON_STUB_FIXTURE": str(fixture),
            "PORT": str(proxy.door),
            "CALORON_PUBLIC_URL": proxy.url,
            "CALORON_RECONCILE_S": str(mode.reconcile_s),
        }
        with scenery(folder, [repo], given, start) as scene, _hooked(scene, mode, repo):
            scene.say("", f"{mode.name}: webhooks of {repo} come through {proxy.url}")
            return _Play(scene, mode, proxy, repo, monotonic() + timeout).played(tasks)


def kickoff(tasks: int) -> str:
    """The first part, the parts that need it, and the whole that needs them all."""
    middle = [f"part{number}" for number in range(2, tasks)]
    lines = ["A whole of parts, for practice.", "", "- first: The first part\n  - scope: first.txt"]
    lines += [f"- {name}: Another part, {name} (after: first)\n  - scope: {name}.txt" for name in middle]
    return "\n".join([*lines, f"- whole: The whole (after: {', '.join(middle)})\n  - scope: whole.txt"])


def recording(tasks: int) -> dict[str, Any]:
    """What the agents write: a file each, and another after a review that asks for it."""
    names = ["first", *(f"part{number}" for number in range(2, tasks)), "whole"]
    again = {"match": r"(?s)Task: part2\b.*Round: [2-9]|Round: [2-9].*Task: part2\b"}
    answers = [again | _answer("part2", "part2, better\n")]
    answers += [{"match": rf"Task: {name}\b"} | _answer(name, f"{name}\n") for name in names]
    return {"responses": answers}


def _answer(name: str, text: str) -> dict[str, Any]:
    feedback = {"task_id": name, "task_clarity": 8, "self_assessment": "completed", "tokens_consumed": 1000}
    told = f"CALORON_FEEDBACK_START {json.dumps(feedback)} CALORON_FEEDBACK_END"
    return {"files": {f"{name}.txt": text}, "output": f"Wrote {name}.\n{told}", "seconds": 0.3}


@contextmanager
def _hooked(scene: Scene, mode: Mode, repo: str) -> Iterator[None]:
    """The hooks of the mode, gone afterwards where they are not the repository's own."""
    if "repository" in mode.hooks:
        install_hook(scene.settings, scene.client(BOT), "gitea", repo)
    places = {"user": (PERSON, "/user/hooks"), "system": (ADMIN, "/admin/hooks")}
    made = [_wide_hook(scene, *places[kind]) for kind in mode.hooks if kind in places]
    try:
        yield
    finally:
        for api, path in made:
            api.send("DELETE", path)


def _wide_hook(scene: Scene, login: str, place: str) -> tuple[Connection, str]:
    """A hook for more than one repository, at the door's plain address; where to delete it."""
    api = _api(scene, login)
    config = {"url": f"{scene.settings.public_url}/webhooks", "content_type": "json"}
    config |= {"secret": scene.settings.webhook_secrets[0], "is_system_webhook": "true"}
    events = [event for event in HOOK_EVENTS if not event.startswith(("check_", "pull_request_"))]
    made = api.send("POST", place, {"type": "gitea", "active": True, "events": events, "config": config})
    return api, f"{place}/{made['id']}"


def _api(scene: Scene, login: str) -> Connection:
    token = scene.forge["users"][login]["token"]
    return Connection(f"{scene.forge['url']}/api/v1", {"Authorization": f"token {token}"})


@dataclass
class _Play:
    """One run under way."""

    scene: Scene
    mode: Mode
    proxy: Proxy
    repo: str
    deadline: float

    def __post_init__(self) -> None:
        self.lane = f"gitea-{self.scene.forge['repositories'][self.repo]['id']}"

    def played(self, tasks: int) -> Played:
        """Let the person act until the kickoff is closed and everything is quiet; what is there then."""
        began, scene = monotonic(), self.scene
        self._wait_for_labels()
        person = Person(PERSON, scene.client(PERSON), BOT, self.repo, self._say, now(), TITLE, kickoff(tasks))
        person.picky_about, person.wish = "part2", "Please make it better."
        person.open_kickoff()
        while person.forge.issue(self.repo, person.kickoff)["state"] == "open":
            person.step()
            self._pause(f"the sprint did not end; its board:\n{person.board()}")
        seconds = monotonic() - began
        self._wait_until_quiet()
        there, told = outcome(person.forge, self.repo), self.proxy.told()
        return Played(self.mode, seconds, there, told, self.proxy.lost, found(self._events()))

    def _say(self, words: str) -> None:
        self.scene.say(PERSON, words)

    def _pause(self, late: str) -> None:
        if monotonic() > self.deadline:
            raise SceneFailed(
                f"{self.mode.name}: {late}\nThe logs are in {self.scene.settings.home / 'logs'}"
            )
        sleep(_STEP_S)

    def _wait_for_labels(self) -> None:
        """Without a hook the bot must find the repository by itself, and make its labels there."""
        api = _api(self.scene, PERSON)
        while all(there["name"] != LABEL for there in api.get(f"/repos/{self.repo}/labels", limit=50)):
            self._pause(f"the bot made no label {LABEL!r}")

    def _wait_until_quiet(self) -> None:
        """What is on its way may still do harm: nothing may be going on for a while."""
        quiet_since = monotonic()
        while monotonic() - quiet_since < _QUIET_S:
            if not (self.proxy.quiet() and self._idle()):
                quiet_since = monotonic()
            self._pause("it did not become quiet")

    def _idle(self) -> bool:
        looks = [one for one in self.scene.store.pending_actions(self.lane) if one["type"] != "look"]
        return not looks and not any(self.scene.store.lanes_waiting())

    def _events(self) -> Iterator[Event]:
        start = 0
        while entries := self.scene.store.journal(self.lane, start):
            yield from (entry["event"] for entry in entries)
            start = entries[-1]["seq"] + 1


def found(events: Iterator[Event]) -> dict[str, int]:
    """What was found by looking and never told by a webhook, by kind."""
    kept: dict[str, str] = {}
    for event in events:
        by_label = event["type"] == "command" and "label" in event["where"]  # told by the label already
        if event.get("found") and event["type"].startswith(_TELLING) and not by_label:
            kept.setdefault(event["key"], event["type"])
    return dict(Counter(kept.values()))
