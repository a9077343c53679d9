"""A file for each sprint that changed: what the stateful tick stores, and enough to restore the sprint."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.context import Context
from shell import tick_file
from shell.clock import now
from shell.store import Loaded
from shell.store.migrations import Json
from shell.store.sprints import running_sprint

if TYPE_CHECKING:
    from stages.world import Counters, Kickoff, Marks, State, Task

ID = re.compile(r"[a-z0-9_-]{1,64}")
OVER = frozenset({"Done", "Failed", "Cancelled"})
_BESIDE = frozenset({"v", "tasks", "interventions", "permissions"})
"""Parts of the state that are stored elsewhere in the file, or only valid for a minute."""
_KEYS_SEARCHED = 2000
"""How many of the newest handled keys are searched for those of comments."""

Written = dict[str, tuple[str, int]]


def snapshot(ctx: Context, written: Written) -> None:
    """Write the sprints of lanes that changed since `written` (lane → epoch, version), and note it there."""
    for lane in ctx.store.lanes():
        loaded = ctx.store.load(lane)
        moment = (loaded.epoch, loaded.version)
        if written.get(lane) != moment:
            _close_ended(ctx.settings.kv_dir, loaded.state)
            write_file(ctx.settings.kv_dir, loaded.state, _lane(ctx, loaded))
            _forget_restored(ctx, loaded)
            written[lane] = moment


def write_file(folder: Path, state: State, lane: dict[str, Json] | None = None) -> Path | None:
    """Write the file of the state's sprint, atomically; None if there is no sprint."""
    current = _current(state)
    if current is None or not ID.fullmatch(current["id"]):
        return None
    sprint_id = current["id"]
    content = contents(sprint_id, state) | ({"lane": lane} if lane else {})
    return tick_file.write(sprint_id, content, folder)


def _current(state: State) -> Kickoff | None:
    """The running sprint, else one that waits to be planned or approved."""
    kickoffs = (state.get("kickoffs") or {}).values()
    waiting = (record for record in kickoffs if record.get("status") not in OVER)
    return running_sprint(state) or next(waiting, None)


def contents(sprint_id: str, state: State) -> dict[str, Json]:
    """The part that the stateful tick reads."""
    running = running_sprint(state)
    runs = running is None or running["id"] == sprint_id
    tasks = (state.get("tasks") or {}) if runs else {}
    return _contents(sprint_id, tasks, state.get("interventions"), state.get("marks"))


def _contents(
    sprint_id: str, tasks: dict[str, Task], interventions: Counters | None, marks: Marks | None
) -> dict[str, Json]:
    counts = {
        agent_id: {"count": int(count)}
        for task in tasks.values()
        if (agent_id := task.get("agent_id")) and (count := task.get("intervention_count"))
    }
    return {
        "state": {"sprint_id": sprint_id, "tasks": tasks},
        "interventions": interventions if isinstance(interventions, dict) else counts,
        "since": (marks.get("since") if marks else None) or "",
    }


def _lane(ctx: Context, loaded: Loaded) -> dict[str, Json]:
    """Everything else that would be lost with the store: the rest of the state, actions, handled comments.

    The actions are read after the state, so that none is missing; one that was done meanwhile is found done.
    """
    return {
        "lane": loaded.lane,
        "epoch": loaded.epoch,
        "at": now(),
        "v": loaded.state["v"],
        "kept": {name: value for name, value in loaded.state.items() if name not in _BESIDE},
        "actions": ctx.store.pending_actions(loaded.lane),
        "heard": ctx.store.seen_lately(loaded.lane, "comment:", _KEYS_SEARCHED),
    }


def _close_ended(folder: Path, state: State) -> None:
    """Rewrite the file of a sprint that is over with its final tasks, so that it is never restored."""
    for record in (state.get("kickoffs") or {}).values():
        sprint_id = record["id"]
        if record.get("status") not in OVER or not ID.fullmatch(sprint_id):
            continue
        file = tick_file.path_of(sprint_id, folder)
        if file.is_file() and "lane" in json.loads(file.read_text(encoding="utf-8")):
            content = _contents(sprint_id, record.get("tasks") or {}, None, state.get("marks"))
            tick_file.write(sprint_id, content, folder)


def _forget_restored(ctx: Context, loaded: Loaded) -> None:
    """Once a restored sprint is over, its lane is like any other again."""
    restored = ctx.store.remembered(loaded.lane).restored
    records = (loaded.state.get("kickoffs") or {}).values()
    over = any(record["id"] == restored and record.get("status") in OVER for record in records)
    if restored and over:
        ctx.store.forget_restored(loaded.lane)
