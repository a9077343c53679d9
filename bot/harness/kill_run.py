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
from shell.errors import Refused, Unavailable

from .diamond_sprint import recording, user_for
from .environment import (
    BOT,
    USER,
    Environment,
    ForgeStarter,
    HarnessError,
    start_environment,
    start_fake_forge,
)
from .forge_counts import ForgeCounts, count_forge
from .gitea_server import gitea_server
from .kill_points import KILL_POINTS, KillContext, PlannedKill
from .killer import Kill, Killer

TASKS = ("first", "part2", "part3", "whole")
EXTRA_SPRINTS = 3
"""How many more sprints than asked for may run, for victims that did not reach their kill point."""
_POLL_S, _AGENT_S = 0.25, 1.0
_RECONCILE_S = 3.0


def run(
    folder: Path, seed: int, sprints: int, forge: str, victims: Sequence[str], timeout: float
) -> dict[str, Any]:
    """Run sprints while processes are killed; what happened, and what is wrong, for the report."""
    repos = [f"{USER}/kill-{number}" for number in range(1, sprints + EXTRA_SPRINTS + 1)]
    with _environment(folder, repos, forge) as env:
        env.log("kill", f"seed {seed}, on the {forge} forge, in {folder}")
        kill_run = _KillRun(env, random.Random(seed), plan(seed, sprints, victims or [*KILL_POINTS]), timeout)
        counts = list(kill_run.sprints(repos, sprints))
        return summary(seed, forge, kill_run, counts)


@contextmanager
def _environment(folder: Path, repos: Sequence[str], forge: str) -> Iterator[Environment]:
    """A bot that reconciles often, because a killed web process misses webhooks."""
    folder.mkdir(parents=True, exist_ok=True)
    fixture = folder / "fixture.json"
    responses = [response | {"seconds": _AGENT_S} for response in recording(len(TASKS))["responses"]]
    fixture.write_text(json.dumps({"responses": responses}))
    settings = {
        "CALORON_STUB_FIXTURE": str(fixture),
        "CALORON_RECONCILE_S": str(_RECONCILE_S),
        "CALORON_BOARD_S": "0.5",
        "CALORON_TICK_S": "2",
    }
    with ExitStack() as stack:
        start: ForgeStarter = start_fake_forge
        if forge == "gitea":
            start = stack.enter_context(gitea_server(folder / "gitea", None, None)).start
        yield stack.enter_context(start_environment(folder, repos, settings, start))


def plan(seed: int, sprints: int, victims: Sequence[str]) -> list[list[PlannedKill]]:
    """Which victim is killed in which sprint, in which order and at which kill point."""
    generator, plans = random.Random(f"plan {seed}"), []
    for number in range(sprints):
        kills = [(victim, KILL_POINTS[victim][number % len(KILL_POINTS[victim])]) for victim in victims]
        generator.shuffle(kills)
        plans.append(kills)
    return plans


@dataclass
class _KillRun:
    """All sprints of one call."""

    env: Environment
    random: random.Random
    plan: list[list[PlannedKill]]
    timeout: float
    kills: list[Kill] = field(default_factory=list)
    remaining: list[PlannedKill] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def sprints(self, repos: Sequence[str], sprints: int) -> Iterator[ForgeCounts]:
        """Sprint after sprint, until all kills are done."""
        for number, repo in enumerate(repos):
            if number >= sprints and not self.remaining:
                return
            due = [*self.remaining, *(self.plan[number] if number < sprints else [])]
            yield _KillSprint(self, repo).play(due)


class _KillSprint:
    """One sprint, its user, and the kills during it."""

    def __init__(self, run: _KillRun, repo: str) -> None:
        self.run, self.repo, self.env = run, repo, run.env
        self.lane = self.env.lane(repo)
        install_hook(self.env.settings, self.env.client(BOT), "gitea", repo)
        log = lambda message: self.env.log(USER, f"{repo}: {message}")  # noqa: E731
        self.user = user_for(self.env, repo, len(TASKS), log)
        self.deadline = monotonic() + run.timeout
        self.closed = threading.Event()
        self.errors: list[BaseException] = []

    def play(self, due: list[PlannedKill]) -> ForgeCounts:
        """Run the sprint to its end, and count what it left on the forge."""
        self.user.open_kickoff()
        user_thread = threading.Thread(target=self._act, daemon=True)
        user_thread.start()
        context = KillContext(self.env, self.lane, self.run.random)
        killer = Killer(self.env, context, self.run.kills, self.closed.is_set)
        self.run.remaining = self._kill(killer, due)
        while not self.closed.is_set():
            self._check_deadline()
            sleep(_POLL_S)
        user_thread.join()
        if self.errors:
            raise HarnessError(f"{self.repo}: {self.errors[0]}")
        self._wait_until_quiet()
        self._check_journal()
        return count_forge(self.user.forge, BOT, self.repo, self.user.kickoff, TASKS)

    def _kill(self, killer: Killer, due: list[PlannedKill]) -> list[PlannedKill]:
        """Kill one after the other; return those that did not reach their kill point."""
        remaining = list(due)
        while remaining and not self.closed.is_set():
            self._check_deadline()
            sleep(self.run.random.uniform(0.1, 1.0))
            if (planned := killer.kill(remaining)) is not None:
                remaining.remove(planned)
        return remaining

    def _act(self) -> None:
        """Let the user act until the kickoff is closed."""
        try:
            while self.user.forge.issue(self.repo, self.user.kickoff)["state"] == "open":
                self.user.step()
                sleep(_POLL_S)
        except (Unavailable, Refused) as error:
            self.errors.append(error)
        finally:
            self.closed.set()

    def _check_deadline(self) -> None:
        if monotonic() > self.deadline:
            tasks = self.env.store.load(self.lane).state["tasks"]
            late = f"{self.repo} was not done after {self.run.timeout:.0f} s. Its board:"
            raise HarnessError("\n".join([late, *(board(tasks) or ["no task was created"])]))

    def _wait_until_quiet(self) -> None:
        """What is still in flight may double something: two reconciliations must change nothing."""
        since = monotonic()
        while monotonic() - since < 2 * _RECONCILE_S:
            if not self._idle():
                since = monotonic()
            self._check_deadline()
            sleep(_POLL_S)

    def _idle(self) -> bool:
        try:
            store = self.env.store
            pending = [one for one in store.pending_actions(self.lane) if one["type"] != "look"]
            return not (pending or any(lane == self.lane for lane, *_ in store.live_runs()))
        except Unavailable:
            return False

    def _check_journal(self) -> None:
        """Every attempt at a task was started once, and after each that died there was a new one."""
        events = [entry["event"] for entry in self.env.journal(self.lane)]
        started = [(one["task_id"], one["attempt"]) for one in events if one["type"] == "agent_started"]
        finished = [one for one in events if one["type"] == "agent_finished"]
        for task in TASKS:
            attempts = [attempt for name, attempt in started if name == task]
            if any(later <= earlier for earlier, later in pairwise(attempts)):
                self.run.wrong.append(f"{self.repo}: {task} started its attempts as {attempts}")
            outcomes = [f"{one['attempt']} {one['outcome']}" for one in finished if one["task_id"] == task]
            self.run.attempts.append(f"{self.repo} {task}: attempt {', '.join(outcomes)}")


def summary(seed: int, forge: str, run: _KillRun, counts: list[ForgeCounts]) -> dict[str, Any]:
    """The report's data."""
    dead_letters = run.env.store.dead_letters()
    wrong = [one for sprint in counts for one in sprint.wrong()] + run.wrong
    wrong += [f"kill {kill.number}: {one}" for kill in run.kills for one in kill.wrong]
    wrong += [f"{victim} was not killed: it did not reach its kill point" for victim, _ in run.remaining]
    wrong += [f"dead letter: {one['reason'].strip().splitlines()[-1]}" for one in dead_letters]
    killed = {victim: sum(kill.victim == victim for kill in run.kills) for victim in KILL_POINTS}
    return {
        "seed": seed,
        "forge": forge,
        "seconds": round(monotonic() - run.env.started, 1),
        "killed": {victim: count for victim, count in killed.items() if count},
        "kills": [
            {
                "n": kill.number,
                "victim": kill.name,
                "held": kill.held,
                "notes": kill.notes,
                "back_s": round(kill.recovery_s, 1),
            }
            for kill in run.kills
        ],
        "attempts": run.attempts,
        "sprints": [sprint.line() for sprint in counts],
        "wrong": wrong,
    }
