"""What one event costs in a sprint of n tasks: decide, commit, display; and in the Noether engine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import compositions
from compositions.engine import Engine
from compositions.register import authored, specification
from handlers.repository_labels import declared_policy
from handlers.switchboard import composition_for, expand
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell.clock import now
from shell.event import Event
from shell.policy import policy_for
from shell.settings import Settings
from shell.store import Decision, Store, connect
from shell.store.fields import differences, empty, texts
from shell.store.migrations import as_state
from shell.valkey import serving

if TYPE_CHECKING:
    from stages.world import Account, Policy, State, Turn

T = TypeVar("T")
ME: Account = {"login": "caloron", "id": 1}
AT = "2026-11-21T07:00:00.000Z"
KICKOFF, GRAPH = 1, "task_life"
ENGINE_TASKS, ENGINE_RUNS = 10, 5


@dataclass
class EventCost:
    """Milliseconds of each part, event by event."""

    tasks: int
    read: list[float] = field(default_factory=list)
    """Loading the state into a process that has not cached it yet."""
    graph: list[float] = field(default_factory=list)
    decide: list[float] = field(default_factory=list)
    commit: list[float] = field(default_factory=list)
    display: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """The medians; `event` is the total of one event."""
        total = [sum(parts) for parts in zip(self.decide, self.commit, self.display, strict=True)]
        parts = {"graph": self.graph, "decide": self.decide, "commit": self.commit, "show": self.display}
        parts |= {"event": total, "first read": self.read}
        return {"tasks": self.tasks} | {name: round(median(values), 2) for name, values in parts.items()}


# The sprint that is measured


def sprint(tasks: int) -> State:
    """A chain of tasks, half of them done, as a lane's state."""
    kickoff = {"number": KICKOFF, "id": "s-1", "status": "Running", "goal": "A goal", "plan_hash": "1a2b",
               "approved_by": "alice", "started_at": AT,
               "plan": {f"t{n}": _task(n, False) for n in range(1, tasks + 1)}}  # fmt: skip
    repo = {"full_name": "acme/shop", "repo_id": 1, "default_branch": "main", "merge_styles": ["merge"]}
    issues = {str(2 * n): _issue(n) for n in range(1, tasks + 1)}
    chain = {**empty()} | {
        "repo": repo | {"default_merge_style": "merge", "forge": "gitea"},
        "permissions": {},
        "running": KICKOFF,
        "kickoffs": {str(KICKOFF): kickoff},
        "tasks": {f"t{n}": _task(n, n <= tasks // 2) for n in range(1, tasks + 1)},
        "issues": issues,
        "interventions": {},
    }
    return as_state(chain)


def _task(number: int, done: bool) -> dict[str, Any]:
    """A finished task has its issue and its pull request; a pending one has neither."""
    task = {
        "id": f"t{number}",
        "title": f"Step {number} of many",
        "agent_id": f"agent-{number}",
        "depends_on": [f"t{number - 1}"] if number > 1 else [],
        "acceptance": ["It works", "It is tested"],
        "scope": [f"src/part{number}/**"],
        "attempt": 0,
        "round": 1,
        "intervention_count": 0,
    }
    if not done:
        return task | {"status": "Pending"}
    ended = {"issue_number": 2 * number, "pr_number": 2 * number + 1, "head_sha": f"{number:040x}"}
    return task | ended | {"status": "Done", "completed_at": AT}


def _issue(number: int) -> dict[str, Any]:
    return {"state": "open", "title": f"Step {number} of many", "author": "caloron", "author_id": 1,
            "labels": ["caloron:done", "caloron:task"], "body_hash": f"{number:016x}"}  # fmt: skip


def merged(tasks: int) -> Iterator[Event]:
    """One merge after the other, each of which unblocks the next task."""
    for number in range(tasks // 2 + 1, tasks):
        yield {"type": "pr_merged", "key": f"pr_merged:{number}:once", "task_id": f"t{number}",
               "pr_number": 2 * number + 1, "merge_sha": f"{number:040x}", "at": AT}  # fmt: skip


# In our own engine


def measure(sizes: list[int], events: int) -> Iterator[EventCost]:
    """What events cost in sprints of these sizes, with a real store that syncs every write."""
    with tempfile.TemporaryDirectory(prefix="caloron-bench-") as folder, serving(Path(folder)) as url:
        yield from (_measure_one(url, tasks, events) for tasks in sizes)


def _measure_one(url: str, tasks: int, events: int) -> EventCost:
    cost, lane, store = EventCost(tasks), f"gitea-{tasks}", Store(connect(url))
    decider = _decider(store)
    _commit_state(store, lane, sprint(tasks))
    for event, _ in zip(merged(tasks), range(events), strict=False):
        store.accept(lane, event)
        cost.read.append(_timed(lambda: Store(connect(url)).load(lane))[0])
        _one_event(cost, store, lane, decider)
    return cost


def _one_event(cost: EventCost, store: Store, lane: str, decider: Decider) -> None:
    open_ms, (loaded, inbox) = _timed(lambda: store.open(lane, 1))
    policy = decider.policy(loaded.state)
    turn: Turn = {"state": loaded.state, "events": inbox, "actions": [], "now": AT, "policy": policy}
    cost.graph.append(compositions.run(GRAPH, turn).duration_ms)
    decide_ms, decision = _timed(lambda: decide(loaded, inbox, decider))
    commit_ms, _ = _timed(lambda: store.commit(lane, loaded, decision, loaded.turn + 1))
    cost.decide.append(decide_ms)
    cost.commit.append(open_ms + commit_ms)
    view = {"state": decision.state, "now": AT, "policy": policy}
    cost.display.append(_timed(lambda: compositions.run("wanted", view))[0])


def _decider(store: Store) -> Decider:
    fixed = policy()
    return Decider(expand, composition_for, run_pure, lambda state: fixed, now, store.seen)


def policy() -> Policy:
    return policy_for(Settings.model_construct(), ME, {}, declared_policy())


def _commit_state(store: Store, lane: str, state: State) -> None:
    """Commit the whole state at once."""
    loaded = store.load(lane)
    changed = texts(differences(loaded.state, state))
    store.commit(lane, loaded, Decision(state, changed), 0)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """How many milliseconds it took, and its result."""
    started = perf_counter()
    result = work()
    return 1000 * (perf_counter() - started), result


# In the Noether engine


def in_engine(events: int) -> dict[str, float] | None:
    """The same graph on ten tasks in our engine and in the Noether engine; None if that is not installed."""
    program = find_engine()
    if program is None:
        return None
    [event, *_] = merged(ENGINE_TASKS)
    turn: Turn = {
        "state": sprint(ENGINE_TASKS),
        "events": [event],
        "actions": [],
        "now": AT,
        "policy": policy(),
    }
    ours = [compositions.run(GRAPH, turn).duration_ms for _ in range(max(events, 20))]
    with tempfile.TemporaryDirectory(prefix="caloron-bench-") as folder:
        engine = Engine(Path(folder), program)
        used = compositions.load(GRAPH).effects
        needed = (stage for stage in compositions.catalogue().stages if stage.name in used)
        engine.sync({stage.name: specification(stage) for stage in needed})
        noether = [_timed(lambda: _run_in_noether(engine, turn))[0] for _ in range(ENGINE_RUNS)]
    return {"here": round(median(ours), 3), "there": round(median(noether), 1),
            "ratio": round(median(noether) / median(ours))}  # fmt: skip


def _run_in_noether(engine: Engine, turn: Turn) -> None:
    code, result = engine.run(authored(compositions.load(GRAPH)), turn)
    if code or result["output"] != compositions.run(GRAPH, turn).output:
        raise RuntimeError(f"the Noether engine gives another result: {result}")


def find_engine() -> str | None:
    """The project's own tool if it has installed the engine, else `noether` on the PATH."""
    tool = Path(__file__).parents[2] / "tests" / "tools" / "noether"
    installed = tool.exists() and not subprocess.run([tool, "path"], capture_output=True).returncode
    return str(tool) if installed else shutil.which("noether")
