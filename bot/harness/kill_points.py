"""The moments in which a process is killed: each says who it is and what it holds just then."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.request import urlopen

from shell.processes import children, descendants, process

from .environment import Scene


@dataclass(frozen=True)
class Caught:
    """One who is to be killed now."""

    name: str
    pid: int
    held: str
    still: Callable[[], bool]
    """Asked when it is stopped already: whether it holds that truly."""
    task: str = ""
    """Whose agent's run ends with it."""
    run: str = ""


@dataclass
class Stage:
    """Where moments are looked for: one sprint's lane."""

    scene: Scene
    lane: str
    random: random.Random
    struck_before: int = 0
    """How many calls the forge had kept waiting before the moment was looked for."""

    def processes(self) -> dict[str, int]:
        """The children of the `up` that runs now."""
        up = self.scene.up.process
        return children(up.pid) if up else {}

    def holder(self, lease: str) -> tuple[str, int] | None:
        """Name and number of the living process that holds the lease."""
        told = self.scene.store.holder(lease)
        pid = int(told.rpartition(":")[2]) if told else 0
        return next(((name, number) for name, number in self.processes().items() if number == pid), None)

    def struck(self) -> bool:
        """Whether the forge keeps a call waiting that was asked to be; a real one never tells."""
        return not self.fake or self.counts()["struck"] > self.struck_before

    @property
    def fake(self) -> bool:
        return "api_url" in self.scene.forge

    def counts(self) -> dict[str, Any]:
        """What the fake forge counts of itself."""
        with urlopen(f"{self.scene.forge['url']}/_fake/counts", timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def working(self) -> list[tuple[str, dict[str, Any]]]:
        """Key and record of this lane's runs whose agent works."""
        return [(key, run) for key, run in self.claimed() if self._works(run)]

    def claimed(self) -> list[tuple[str, dict[str, Any]]]:
        """Key and record of this lane's runs that have a worker, also where the agent has ended already."""
        runs = [(key, run) for lane, key, run in self.scene.store.live_runs() if lane == self.lane]
        return [(key, run) for key, run in runs if run["status"] == "claimed"]

    def tired(self, runs: list[tuple[str, dict[str, Any]]]) -> bool:
        """Whether a person would be asked about one of these tasks, should its run die once more."""
        tasks = self.scene.store.load(self.lane).state["tasks"]
        counts = [tasks[run["spec"]["task_id"]].get("intervention_count", 0) for _, run in runs]
        return max(counts, default=0) >= _DEATHS

    def _works(self, run: dict[str, Any]) -> bool:
        """Whether it has an agent, and its worker is a child of the `up` of now."""
        name, _, pid = run["worker"].partition(":")
        worker = self.processes().get(name, 0)
        return "pid" in run and any(str(one.pid) == pid for one in descendants(worker))


_DEATHS = 2

Moment = Callable[[Stage], Caught | None]
Planned = tuple[str, Moment]
"""A victim and its moment."""


def at_the_door(stage: Stage) -> Caught | None:
    """The door, with a delivery before it (a real forge does not tell of those that wait)."""
    web = stage.processes().get("web")
    if web is None:
        return None
    if stage.fake:
        return Caught(
            "web", web, "a delivery at its door", lambda: stage.counts()["deliveries"]["pending"] > 0
        )
    waiting = stage.scene.store.waiting(stage.lane)
    words = f"the door open, {_count(waiting, 'event')} just let in"
    return Caught("web", web, words, lambda: True) if waiting else None


def draining(stage: Stage) -> Caught | None:
    """Who advances the lane, in the middle of it."""
    store, lease = stage.scene.store, f"advance:{stage.lane}"
    number, held = store.waiting(stage.lane), stage.holder(lease)
    if not number or held is None:
        return None
    words = f"the lease {lease}, {_count(number, 'event')} in the inbox"
    return Caught(*held, words, lambda: _holds(stage, lease, held[1]) and store.waiting(stage.lane) > 0)


def performing(stage: Stage) -> Caught | None:
    """Who performs the lane's actions, with some that are due."""
    store, lease = stage.scene.store, f"perform:{stage.lane}"
    due = store.due_actions(stage.lane, 9)
    held = stage.holder(lease) if due else None
    if held is None:
        return None
    words = f"the lease {lease}, {_count(len(due), 'action')} due: {due[0].key}"
    return Caught(*held, words, lambda: _holds(stage, lease, held[1]))


def intending(stage: Stage) -> Caught | None:
    """Who has begun a call that cannot be repeated blindly, and has no answer yet."""
    store, lease = stage.scene.store, f"perform:{stage.lane}"
    begun = set(store.intents(stage.lane))
    held = stage.holder(lease) if begun else None
    if held is None:
        return None
    key = min(begun)
    words = f"the lease {lease}, an intent without its answer: {key}"
    return Caught(
        *held, words, lambda: _holds(stage, lease, held[1]) and store.intent(stage.lane, key) is not None
    )


def _frail(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """The runs that may end now."""
    return [one for one in stage.working() if not stage.tired([one])]


def merging(stage: Stage) -> Caught | None:
    """Who merges, and has no answer yet."""
    store, lease = stage.scene.store, f"perform:{stage.lane}"
    merges = [taken.key for taken in store.due_actions(stage.lane) if taken.action["type"] == "merge_pr"]
    held = stage.holder(lease) if merges and stage.struck() else None
    if held is None:
        return None
    words = f"the lease {lease}, a merge without its answer: {merges[0]}"
    return Caught(*held, words, lambda: _holds(stage, lease, held[1]))


def proposing(stage: Stage) -> Caught | None:
    """The worker of a run that opens its pull request, and has no answer yet; of a real forge, any run's."""
    caught = running(stage) if stage.struck() else None
    if not stage.fake:
        return caught
    return replace(caught, held=f"{caught.held}, whose pull request is being opened") if caught else None


def running(stage: Stage) -> Caught | None:
    """The worker of an agent's run."""
    for key, run in _frail(stage):
        name, task = run["worker"].partition(":")[0], run["spec"]["task_id"]
        pid = stage.processes().get(name)
        if pid:
            return Caught(name, pid, f"the lease of the run {key}", lambda: _claimed(stage, key), task, key)  # noqa: B023
    return None


def at_work(stage: Stage) -> Caught | None:
    """The agent itself: the process that watches over it, or its command."""
    for key, run in _frail(stage):
        guard = int(run["pid"])
        below = descendants(guard)
        pid = below[-1].pid if below and stage.random.random() < 0.5 else guard
        who, task = "its guard" if pid == guard else "its command", run["spec"]["task_id"]
        if process(pid):
            return Caught("agent", pid, f"the run {key} ({who})", lambda: _claimed(stage, key), task, key)  # noqa: B023
    return None


def leading(stage: Stage) -> Caught | None:
    """The clock that leads."""
    held = stage.holder("clock")
    return Caught(*held, "the lease clock", lambda: _holds(stage, "clock", held[1])) if held else None


def writing(stage: Stage) -> Caught | None:
    """The store, while a drain is about to be written."""
    caught, pid = draining(stage), stage.processes().get("store")
    if caught is None or pid is None:
        return None
    return Caught("store", pid, f"{caught.name} held {caught.held}", lambda: True)


def whole(inner: Moment) -> Moment:
    """`caloron up` itself, at the moment of one of its processes; every run dies with it."""

    def found(stage: Stage) -> Caught | None:
        caught, up = inner(stage), stage.scene.up.process
        if caught is None or up is None or stage.tired(stage.claimed()):
            return None
        return Caught(
            "up", up.pid, f"{caught.name} with {caught.held}", caught.still, caught.task, caught.run
        )

    return found


def _holds(stage: Stage, lease: str, pid: int) -> bool:
    told = stage.scene.store.holder(lease)
    return told is not None and told.endswith(f":{pid}")


def _claimed(stage: Stage, key: str) -> bool:
    run = stage.scene.store.run(stage.lane, key)
    return run is not None and run["status"] == "claimed"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number != 1 else ''}"


ROUNDS: dict[str, tuple[Moment, ...]] = {
    "web": (at_the_door,),
    "events": (draining,),
    "actions": (intending, merging, performing),
    "agents": (running, proposing),
    "clock": (leading,),
    "store": (writing,),
    "agent": (at_work,),
    "up": (whole(running), whole(performing), whole(draining)),
}
"""Victim → its moments, taken in turn."""

STALLED: dict[Moment, str] = {
    intending: r"/issues$|/issues/\d+/comments$",
    merging: r"/pulls/\d+/merge$",
    proposing: r"/pulls$",
}
"""Moment → the calls for which the forge takes its time meanwhile."""
