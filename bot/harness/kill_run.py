"""Sprints during which each process is killed with SIGKILL, and a count of what they left on the forge."""

import json
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from bot.cli.drawing import board
from bot.cli.hooks import install_hook
from shell.clock import now
from shell.errors import Refused, Unavailable

from .diamond_sprint import TITLE, kickoff, recording
from .environment import BOT, PERSON, Scene, SceneFailed, StartForge, fake_forge, scenery
from .forge_counts import Tally, tally
from .gitea_server import gitea_server
from .kill_points import ROUNDS, Planned, Stage
from .killer import Kill, Killer
from .scripted_user import Person

TASKS = ("first", "part2", "part3", "whole")
MORE_SPRINTS = 3
"""So many more than asked for may be played, for kills whose moment did not come."""
_STEP_S, _AGENT_S = 0.25, 1.0
_RECONCILE_S = 3.0


def run(
    folder: Path, seed: int, sprints: int, forge: str, victims: Sequence[str], timeout: float
) -> dict[str, Any]:
    """Play sprints while processes are killed; what happened, and what is wrong, for the report."""
    repos = [f"{PERSON}/kill-{number}" for number in range(1, sprints + MORE_SPRINTS + 1)]
    with _scene(folder, repos, forge) as scene:
        scene.say("kill", f"seed {seed}, on the {forge} forge, in {folder}")
        kills = _Run(scene, random.Random(seed), plan(seed, sprints, victims or [*ROUNDS]), timeout)
        played = list(kills.played(repos, sprints))
        return summary(seed, forge, kills, played)


@contextmanager
def _scene(where: Path, repos: Sequence[str], forge: str) -> Iterator[Scene]:
    """A bot that looks often for what it was not told, for a killed door takes nothing in."""
    where.mkdir(parents=True, exist_ok=True)
    fixture = where / "fixture.json"
    answers = [answer | {"seconds": _AGENT_S} for answer in recording(len(TASKS))["responses"]]
    fixture.write_text(json.dumps({"responses": answers}))
    given = {
        "CALORON_STUB_FIXTURE": str(fixture),
        "CALORON_RECONCILE_S": str(_RECONCILE_S),
        "CALORON_TICK_S": "2",
    }
    with ExitStack() as ending:
        start: StartForge = fake_forge
        if forge == "gitea":
            start = ending.enter_context(gitea_server(where / "gitea", None, None)).start
        yield ending.enter_context(scenery(where, repos, given, start))


def plan(seed: int, sprints: int, victims: Sequence[str]) -> list[list[Planned]]:
    """Who is killed in which sprint, in which order and moment."""
    chance, rounds = random.Random(f"plan {seed}"), []
    for number in range(sprints):
        one = [(victim, ROUNDS[victim][number % len(ROUNDS[victim])]) for victim in victims]
        chance.shuffle(one)
        rounds.append(one)
    return rounds


@dataclass
class _Run:
    """All sprints of one call."""

    scene: Scene
    random: random.Random
    plan: list[list[Planned]]
    timeout: float
    kills: list[Kill] = field(default_factory=list)
    left: list[Planned] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def played(self, repos: Sequence[str], sprints: int) -> Iterator[Tally]:
        """Sprint after sprint, until all kills are done."""
        for number, repo in enumerate(repos):
            if number >= sprints and not self.left:
                return
            due = [*self.left, *(self.plan[number] if number < sprints else [])]
            yield _Sprint(self, repo).played(due)


class _Sprint:
    """One sprint, its person, and the kills during it."""

    def __init__(self, run: _Run, repo: str) -> None:
        self.run, self.repo, self.scene = run, repo, run.scene
        self.lane = f"gitea-{self.scene.forge['repositories'][repo]['id']}"
        install_hook(self.scene.settings, self.scene.client(BOT), "gitea", repo)
        said, text = lambda words: self.scene.say(PERSON, f"{repo}: {words}"), kickoff(len(TASKS))
        self.person = Person(PERSON, self.scene.client(PERSON), BOT, repo, said, now(), TITLE, text)
        self.person.picky_about, self.person.wish = "part2", "Please make it better."
        self.deadline = monotonic() + run.timeout
        self.closed = threading.Event()
        self.failed: list[BaseException] = []

    def played(self, due: list[Planned]) -> Tally:
        """The sprint to its end; what the forge has of it then."""
        self.person.open_kickoff()
        beside = threading.Thread(target=self._act, daemon=True)
        beside.start()
        stage = Stage(self.scene, self.lane, self.run.random)
        killer = Killer(self.scene, stage, self.run.kills, self.closed.is_set)
        self.run.left = self._kill(killer, due)
        while not self.closed.is_set():
            self._check_time()
            sleep(_STEP_S)
        beside.join()
        if self.failed:
            raise SceneFailed(f"{self.repo}: {self.failed[0]}")
        self._wait_until_quiet()
        self._look_at_journal()
        return tally(self.person.forge, BOT, self.repo, self.person.kickoff, TASKS)

    def _kill(self, killer: Killer, due: list[Planned]) -> list[Planned]:
        """Kill one after the other; those whose moment did not come."""
        left = list(due)
        while left and not self.closed.is_set():
            self._check_time()
            sleep(self.run.random.uniform(0.1, 1.0))
            if (planned := killer.kill(left)) is not None:
                left.remove(planned)
        return left

    def _act(self) -> None:
        """The person, until the kickoff is closed."""
        try:
            while self.person.forge.issue(self.repo, self.person.kickoff)["state"] == "open":
                self.person.step()
                sleep(_STEP_S)
        except (Unavailable, Refused) as error:
            self.failed.append(error)
        finally:
            self.closed.set()

    def _check_time(self) -> None:
        if monotonic() > self.deadline:
            tasks = self.scene.store.load(self.lane).state["tasks"]
            late = f"{self.repo} was not done after {self.run.timeout:.0f} s. It stands so:"
            raise SceneFailed("\n".join([late, *(board(tasks) or ["no task was made"])]))

    def _wait_until_quiet(self) -> None:
        """What is on its way may still double something: two looks around of the clock must bring nothing."""
        since = monotonic()
        while monotonic() - since < 2 * _RECONCILE_S:
            if not self._idle():
                since = monotonic()
            self._check_time()
            sleep(_STEP_S)

    def _idle(self) -> bool:
        try:
            store = self.scene.store
            doing = [one for one in store.pending_actions(self.lane) if one["type"] != "look"]
            return not (doing or any(lane == self.lane for lane, *_ in store.live_runs()))
        except Unavailable:
            return False

    def _look_at_journal(self) -> None:
        """Every attempt at a task was begun once, and each that died was followed by a new one."""
        told = [entry["event"] for entry in self._journal()]
        begun = [(one["task_id"], one["attempt"]) for one in told if one["type"] == "agent_started"]
        ended = [one for one in told if one["type"] == "agent_finished"]
        for task in TASKS:
            attempts = [attempt for name, attempt in begun if name == task]
            if any(later <= earlier for earlier, later in pairwise(attempts)):
                self.run.wrong.append(f"{self.repo}: {task} began its attempts {attempts}")
            ends = [f"{one['attempt']} {one['outcome']}" for one in ended if one["task_id"] == task]
            self.run.attempts.append(f"{self.repo} {task}: attempt {', '.join(ends)}")

    def _journal(self) -> Iterator[dict[str, Any]]:
        start = 0
        while entries := self.scene.store.journal(self.lane, start):
            yield from entries
            start = entries[-1]["seq"] + 1


def summary(seed: int, forge: str, run: _Run, played: list[Tally]) -> dict[str, Any]:
    """All that is told at the end."""
    letters = run.scene.store.dead_letters()
    wrong = [words for one in played for words in one.wrong()] + run.wrong
    wrong += [f"kill {one.number}: {words}" for one in run.kills for words in one.wrong]
    wrong += [f"{victim} was not killed: its moment never came" for victim, _ in run.left]
    wrong += [f"a dead letter: {letter['reason'].strip().splitlines()[-1]}" for letter in letters]
    counts = {victim: sum(one.victim == victim for one in run.kills) for victim in ROUNDS}
    return {
        "seed": seed,
        "forge": forge,
        "seconds": round(monotonic() - run.scene.began, 1),
        "killed": {victim: count for victim, count in counts.items() if count},
        "kills": [
            {
                "n": one.number,
                "victim": one.name,
                "held": one.held,
                "notes": one.notes,
                "back_s": round(one.back_s, 1),
            }
            for one in run.kills
        ],
        "attempts": run.attempts,
        "sprints": [one.line() for one in played],
        "wrong": wrong,
    }
