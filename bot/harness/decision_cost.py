"""What one event costs a sprint of so many tasks: to decide, keep and show it; and in the real engine."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

import compositions
from compositions.engine import Engine
from compositions.register import authored, specification
from handlers.labels import LABEL_COMMANDS, OFFERED_LABELS
from handlers.switchboard import composition_for, expand
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell.clock import now
from shell.event import Event
from shell.policy import policy_for
from shell.settings import Settings
from shell.store import Decision, Store, connect
from shell.store.fields import State, differences, empty, texts
from shell.valkey import serving

T = TypeVar("T")
ME = {"login": "caloron", "id": 1}
MOMENT = "2026-11-21T07:00:00.000Z"
KICKOFF, GRAPH = 1, "task_life"
ENGINE_TASKS, ENGINE_RUNS = 10, 5


@dataclass
class Cost:
    """Milliseconds of each part, event by event."""

    tasks: int
    read: list[float] = field(default_factory=list)
    """The state by a process that does not know it yet."""
    graph: list[float] = field(default_factory=list)
    decide: list[float] = field(default_factory=list)
    commit: list[float] = field(default_factory=list)
    show: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """The medians, each under its name; `event` is what one event takes all told."""
        whole = [sum(parts) for parts in zip(self.decide, self.commit, self.show, strict=True)]
        told = {"graph": self.graph, "decide": self.decide, "commit": self.commit, "show": self.show}
        told |= {"event": whole, "first read": self.read}
        return {"tasks": self.tasks} | {name: round(median(of), 2) for name, of in told.items()}


# The sprint


def sprint(tasks: int) -> State:
    """A chain of tasks, half of them done, as a lane's state."""
    kickoff = {"number": KICKOFF, "id": "s-1", "status": "Running", "goal": "A goal", "plan_hash": "1a2b",
               "approved_by": "alice", "started_at": MOMENT,
               "plan": {f"t{n}": _task(n, False) for n in range(1, tasks + 1)}}  # fmt: skip
    repo = {"full_name": "acme/shop", "repo_id": 1, "default_branch": "main", "merge_styles": ["merge"]}
    issues = {str(2 * n): _issue(n) for n in range(1, tasks + 1)}
    return empty() | {
        "repo": repo | {"default_merge_style": "merge", "forge": "gitea"},
        "permissions": {},
        "running": KICKOFF,
        "kickoffs": {str(KICKOFF): kickoff},
        "tasks": {f"t{n}": _task(n, n <= tasks // 2) for n in range(1, tasks + 1)},
        "issues": issues,
        "interventions": {},
    }


def _task(number: int, done: bool) -> dict[str, Any]:
    """One that is done knows its issue and its pull request; one that waits knows nothing yet."""
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
    return task | ended | {"status": "Done", "completed_at": MOMENT}


def _issue(number: int) -> dict[str, Any]:
    return {"state": "open", "title": f"Step {number} of many", "author": "caloron", "author_id": 1,
            "labels": ["caloron:done", "caloron:task"], "body_hash": f"{number:016x}"}  # fmt: skip


def merged(tasks: int) -> Iterator[Event]:
    """One merge after the other, each of which sets the next task free."""
    for number in range(tasks // 2 + 1, tasks):
        yield {"type": "pr_merged", "key": f"pr_merged:{number}:once", "task_id": f"t{number}",
               "pr_number": 2 * number + 1, "merge_sha": f"{number:040x}", "at": MOMENT}  # fmt: skip


# Here


def measure(sizes: list[int], events: int) -> list[Cost]:
    """What events cost in sprints of these sizes, against a store of our own that syncs every write."""
    with tempfile.TemporaryDirectory(prefix="caloron-bench-") as folder, serving(Path(folder)) as url:
        return [_measure_one(url, tasks, events) for tasks in sizes]


def _measure_one(url: str, tasks: int, events: int) -> Cost:
    cost, lane, store = Cost(tasks), f"gitea-{tasks}", Store(connect(url))
    decider = _decider(store)
    _keep(store, lane, sprint(tasks))
    for event, _ in zip(merged(tasks), range(events), strict=False):
        store.accept(lane, event)
        cost.read.append(_timed(lambda: Store(connect(url)).load(lane))[0])
        _one_event(cost, store, lane, decider)
    return cost


def _one_event(cost: Cost, store: Store, lane: str, decider: Decider) -> None:
    opening, (loaded, inbox) = _timed(lambda: store.open(lane, 1))
    policy = decider.policy(loaded.state)
    turn = {"state": loaded.state, "events": inbox, "actions": [], "now": MOMENT, "policy": policy}
    cost.graph.append(compositions.run(GRAPH, turn).duration_ms)
    deciding, decided = _timed(lambda: decide(loaded, inbox, decider))
    keeping, _ = _timed(lambda: store.commit(lane, loaded, decided, loaded.turn + 1))
    cost.decide.append(deciding)
    cost.commit.append(opening + keeping)
    shown = {"state": decided.state, "now": MOMENT, "policy": policy}
    cost.show.append(_timed(lambda: compositions.run("wanted", shown))[0])


def _decider(store: Store) -> Decider:
    known = policy()
    return Decider(expand, composition_for, run_pure, lambda state: known, now, store.seen)


def policy() -> dict[str, Any]:
    words = {
        "labels": [label.as_dict() for label in OFFERED_LABELS],
        "command_labels": sorted(LABEL_COMMANDS),
    }
    return policy_for(Settings.model_construct(), ME, {}) | words


def _keep(store: Store, lane: str, state: State) -> None:
    """Put the whole state in, as a first commit."""
    loaded = store.load(lane)
    changed = texts(differences(loaded.state, state))
    store.commit(lane, loaded, Decision(state, changed), 0)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = perf_counter()
    found = work()
    return 1000 * (perf_counter() - began), found


# There


def in_engine(events: int) -> dict[str, float] | None:
    """The same graph on a sprint of ten tasks, here and as a process of the real engine; None without one."""
    program = find_engine()
    if program is None:
        return None
    [event, *_] = merged(ENGINE_TASKS)
    turn = {
        "state": sprint(ENGINE_TASKS),
        "events": [event],
        "actions": [],
        "now": MOMENT,
        "policy": policy(),
    }
    here = [compositions.run(GRAPH, turn).duration_ms for _ in range(max(events, 20))]
    with tempfile.TemporaryDirectory(prefix="caloron-bench-") as folder:
        engine = Engine(Path(folder), program)
        used = compositions.load(GRAPH).effects
        known = (stage for stage in compositions.catalogue().stages if stage.name in used)
        engine.sync({stage.name: specification(stage) for stage in known})
        there = [_timed(lambda: _there(engine, turn))[0] for _ in range(ENGINE_RUNS)]
    return {"here": round(median(here), 3), "there": round(median(there), 1),
            "ratio": round(median(there) / median(here))}  # fmt: skip


def _there(engine: Engine, turn: dict[str, Any]) -> None:
    code, answer = engine.run(authored(compositions.load(GRAPH)), turn)
    if code or answer["output"] != compositions.run(GRAPH, turn).output:
        raise RuntimeError(f"the real engine answers otherwise: {answer}")


def find_engine() -> str | None:
    """The program on the PATH, or the project's own tool where it is installed."""
    tool = Path(__file__).parents[2] / "tests" / "tools" / "noether"
    installed = tool.exists() and not subprocess.run([tool, "path"], capture_output=True).returncode
    return str(tool) if installed else shutil.which("noether")
