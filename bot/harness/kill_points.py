"""The kill points: each finds a process at a critical point, and says what it holds there."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.request import urlopen

from shell.processes import children, descendants, process

from .environment import Environment


@dataclass(frozen=True)
class Target:
    """A process at a kill point."""

    name: str
    pid: int
    held: str
    still_held: Callable[[], bool]
    """Asked once it is stopped: whether it is still at the kill point."""
    task: str = ""
    """The task whose agent run ends with it."""
    run: str = ""


@dataclass
class KillContext:
    """Where kill points are looked for: the lane of one sprint."""

    env: Environment
    lane: str
    random: random.Random
    stalled_before: int = 0
    """How many calls the forge had stalled before the kill point was looked for."""

    def processes(self) -> dict[str, int]:
        """The child processes of the current `caloron up`, by name."""
        up = self.env.up.process
        return children(up.pid) if up else {}

    def holder(self, lease: str) -> tuple[str, int] | None:
        """Name and pid of the living process that holds the lease."""
        owner = self.env.store.holder(lease)
        pid = int(owner.rpartition(":")[2]) if owner else 0
        return next(((name, number) for name, number in self.processes().items() if number == pid), None)

    def holds(self, lease: str, pid: int) -> bool:
        """Whether the process holds the lease."""
        owner = self.env.store.holder(lease)
        return owner is not None and owner.endswith(f":{pid}")

    def call_stalled(self) -> bool:
        """Whether the fake forge stalls a call now; a real one does not say, so it counts as stalled."""
        return not self.fake or self.counts()["struck"] > self.stalled_before

    @property
    def fake(self) -> bool:
        return "api_url" in self.env.forge

    def counts(self) -> dict[str, Any]:
        """The fake forge's counters."""
        with urlopen(f"{self.env.forge['url']}/_fake/counts", timeout=10) as response:
            counts: dict[str, Any] = json.load(response)
        return counts

    def claimed_runs(self) -> list[tuple[str, dict[str, Any]]]:
        """Key and record of this lane's runs that a worker has claimed, even if the agent has ended."""
        runs = [(key, run) for lane, key, run in self.env.store.live_runs() if lane == self.lane]
        return [(key, run) for key, run in runs if run["status"] == "claimed"]

    def killable_runs(self) -> list[tuple[str, dict[str, Any]]]:
        """Those whose agent works now, and whose task may lose a run without escalating."""
        return [one for one in self.claimed_runs() if self._has_agent(one[1]) and not self.at_limit([one])]

    def at_limit(self, runs: list[tuple[str, dict[str, Any]]]) -> bool:
        """Whether one of these tasks would be escalated to a person if its run died once more."""
        tasks = self.env.store.load(self.lane).state["tasks"]
        counts = [tasks[run["spec"]["task_id"]].get("intervention_count", 0) for _, run in runs]
        return max(counts, default=0) >= _MAX_DEATHS

    def claimed(self, key: str) -> bool:
        """Whether the run is claimed by a worker."""
        run = self.env.store.run(self.lane, key)
        return run is not None and run["status"] == "claimed"

    def _has_agent(self, run: dict[str, Any]) -> bool:
        """Whether it has an agent process, and its worker is a child of the current `up`."""
        name, _, pid = run["worker"].partition(":")
        worker = self.processes().get(name, 0)
        return "pid" in run and any(str(one.pid) == pid for one in descendants(worker))


_MAX_DEATHS = 2

KillPoint = Callable[[KillContext], Target | None]
PlannedKill = tuple[str, KillPoint]
"""A victim and its kill point."""


def receiving(context: KillContext) -> Target | None:
    """The web process with a delivery in flight (a real forge does not say which are pending)."""
    web = context.processes().get("web")
    if web is None:
        return None
    if context.fake:
        pending = lambda: context.counts()["deliveries"]["pending"] > 0  # noqa: E731
        return Target("web", web, "a delivery in flight", pending)
    waiting = context.env.store.waiting(context.lane)
    held = f"the webhook endpoint, {_count(waiting, 'event')} just accepted"
    return Target("web", web, held, lambda: True) if waiting else None


def draining(context: KillContext) -> Target | None:
    """The process that advances the lane, halfway through."""
    store, lease = context.env.store, f"advance:{context.lane}"
    number, holder = store.waiting(context.lane), context.holder(lease)
    if not number or holder is None:
        return None
    held = f"the lease {lease}, {_count(number, 'event')} in the inbox"
    return Target(*holder, held, lambda: context.holds(lease, holder[1]) and store.waiting(context.lane) > 0)


def performing(context: KillContext) -> Target | None:
    """The process that performs the lane's actions, with some due."""
    store, lease = context.env.store, f"perform:{context.lane}"
    due = store.due_actions(context.lane, 9)
    holder = context.holder(lease) if due else None
    if holder is None:
        return None
    held = f"the lease {lease}, {_count(len(due), 'action')} due: {due[0].key}"
    return Target(*holder, held, lambda: context.holds(lease, holder[1]))


def intending(context: KillContext) -> Target | None:
    """The process that has begun a call which must not be repeated blindly, before its response."""
    store, lease = context.env.store, f"perform:{context.lane}"
    begun = set(store.intents(context.lane))
    holder = context.holder(lease) if begun else None
    if holder is None:
        return None
    key = min(begun)
    held = f"the lease {lease}, an intent without its response: {key}"
    return Target(
        *holder,
        held,
        lambda: context.holds(lease, holder[1]) and store.intent(context.lane, key) is not None,
    )


def merging(context: KillContext) -> Target | None:
    """The process that merges, before the response."""
    store, lease = context.env.store, f"perform:{context.lane}"
    merges = [due.key for due in store.due_actions(context.lane) if due.action["type"] == "merge_pr"]
    holder = context.holder(lease) if merges and context.call_stalled() else None
    if holder is None:
        return None
    held = f"the lease {lease}, a merge without its response: {merges[0]}"
    return Target(*holder, held, lambda: context.holds(lease, holder[1]))


def opening_pull(context: KillContext) -> Target | None:
    """The worker of a run that opens its pull request, before the response; on a real forge, of any run."""
    target = running(context) if context.call_stalled() else None
    if not context.fake:
        return target
    return replace(target, held=f"{target.held}, while opening its pull request") if target else None


def running(context: KillContext) -> Target | None:
    """The worker of an agent's run."""
    for key, run in context.killable_runs():
        name, task = run["worker"].partition(":")[0], run["spec"]["task_id"]
        pid = context.processes().get(name)
        if pid:
            still_held = lambda: context.claimed(key)  # noqa: B023, E731
            return Target(name, pid, f"the lease of the run {key}", still_held, task, key)
    return None


def agent_working(context: KillContext) -> Target | None:
    """The agent itself: its supervisor process, or its command."""
    for key, run in context.killable_runs():
        guard = int(run["pid"])
        below = descendants(guard)
        pid = below[-1].pid if below and context.random.random() < 0.5 else guard
        kind, task = "its supervisor" if pid == guard else "its command", run["spec"]["task_id"]
        if process(pid):
            still_held = lambda: context.claimed(key)  # noqa: B023, E731
            return Target("agent", pid, f"the run {key} ({kind})", still_held, task, key)
    return None


def leading(context: KillContext) -> Target | None:
    """The clock that is the leader."""
    holder = context.holder("clock")
    return Target(*holder, "the lease clock", lambda: context.holds("clock", holder[1])) if holder else None


def committing(context: KillContext) -> Target | None:
    """The store, shortly before a drain commits."""
    target, pid = draining(context), context.processes().get("store")
    if target is None or pid is None:
        return None
    return Target("store", pid, f"{target.name} held {target.held}", lambda: True)


def whole_bot(inner: KillPoint) -> KillPoint:
    """`caloron up` itself, at the kill point of one of its processes; every run dies with it."""

    def find(context: KillContext) -> Target | None:
        target, up = inner(context), context.env.up.process
        if target is None or up is None or context.at_limit(context.claimed_runs()):
            return None
        return replace(target, name="up", pid=up.pid, held=f"{target.name} with {target.held}")

    return find


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number != 1 else ''}"


KILL_POINTS: dict[str, tuple[KillPoint, ...]] = {
    "web": (receiving,),
    "events": (draining,),
    "actions": (intending, merging, performing),
    "agents": (running, opening_pull),
    "clock": (leading,),
    "store": (committing,),
    "agent": (agent_working,),
    "up": (whole_bot(running), whole_bot(performing), whole_bot(draining)),
}
"""Victim → its kill points, used in turn."""

STALLED_CALLS: dict[KillPoint, str] = {
    intending: r"/issues$|/issues/\d+/comments$",
    merging: r"/pulls/\d+/merge$",
    opening_pull: r"/pulls$",
}
"""Kill point → the calls that the fake forge stalls while it is looked for."""
