"""A file for each sprint that changed: what the stateful tick keeps, and enough to take it up again."""

import json
import re
from pathlib import Path
from typing import Any

from jobs.context import Context
from shell import tick_file
from shell.clock import now
from shell.store import Loaded
from shell.store.fields import State
from shell.store.sprints import running_sprint, sprint_id_of

ID = re.compile(r"[a-z0-9_-]{1,64}")
OVER = frozenset({"Done", "Failed", "Cancelled"})
_BESIDE = frozenset({"v", "tasks", "interventions", "permissions"})
"""Of the state, what is told elsewhere or only true for a minute."""
_WORDS_KEPT = 2000
"""So many of the newest keys are looked through for comments that were heard already."""

Written = dict[str, tuple[str, int]]


def snapshot(ctx: Context, written: Written) -> None:
    """Write the sprints of lanes that moved on since `written` (lane → epoch, version), and note it there."""
    for lane in ctx.store.lanes():
        loaded = ctx.store.load(lane)
        moment = (loaded.epoch, loaded.version)
        if written.get(lane) != moment:
            _close_ended(ctx.settings.kv_dir, loaded.state)
            write_file(ctx.settings.kv_dir, loaded.state, _lane(ctx, loaded))
            _forget_restored(ctx, loaded)
            written[lane] = moment


def write_file(folder: Path, state: State, lane: dict[str, Any] | None = None) -> Path | None:
    """The file of the state's sprint; None if it has none. Whole or not at all, also when the power fails."""
    sprint_id = sprint_id_of(_current(state))
    if not sprint_id or not ID.fullmatch(sprint_id):
        return None
    kept = contents(sprint_id, state) | ({"lane": lane} if lane else {})
    return tick_file.write(sprint_id, kept, folder)


def _current(state: State) -> dict[str, Any]:
    """The sprint that runs; where none does, one that waits to be planned or approved."""
    kickoffs = (state.get("kickoffs") or {}).values()
    waiting = (record for record in kickoffs if record.get("status") not in OVER)
    return running_sprint(state) or next(waiting, {})


def contents(sprint_id: str, state: State) -> dict[str, Any]:
    """What the stateful tick reads of it."""
    running = sprint_id_of(running_sprint(state) or {}) in (sprint_id, None)
    tasks: dict[str, Any] = (state.get("tasks") or {}) if running else {}
    counts = {
        task["agent_id"]: {"count": int(task["intervention_count"])}
        for task in tasks.values()
        if task.get("agent_id") and task.get("intervention_count")
    }
    told = state.get("interventions")
    since = (state.get("marks") or {}).get("since") or ""
    return {
        "state": {"sprint_id": sprint_id, "tasks": tasks},
        "interventions": told if isinstance(told, dict) else counts,
        "since": since,
    }


def _lane(ctx: Context, loaded: Loaded) -> dict[str, Any]:
    """All else that the store would lose: the rest of the state, what is due, the comments heard.

    What is due is read after the state: what was done meanwhile is found done, nothing is forgotten.
    """
    return {
        "lane": loaded.lane,
        "epoch": loaded.epoch,
        "at": now(),
        "kept": {name: value for name, value in loaded.state.items() if name not in _BESIDE},
        "actions": ctx.store.pending_actions(loaded.lane),
        "heard": ctx.store.seen_lately(loaded.lane, "comment:", _WORDS_KEPT),
    }


def _close_ended(folder: Path, state: State) -> None:
    """The file of a sprint that is over has its tasks as they ended, and is never taken up again."""
    for record in (state.get("kickoffs") or {}).values():
        sprint_id = sprint_id_of(record) or ""
        if record.get("status") not in OVER or not ID.fullmatch(sprint_id):
            continue
        file = tick_file.path_of(sprint_id, folder)
        if file.is_file() and "lane" in json.loads(file.read_text(encoding="utf-8")):
            ended = {"tasks": record.get("tasks") or {}, "marks": state.get("marks")}
            tick_file.write(sprint_id, contents(sprint_id, ended), folder)


def _forget_restored(ctx: Context, loaded: Loaded) -> None:
    """Once a restored sprint is over, nothing of it can be there twice."""
    restored = ctx.store.remembered(loaded.lane).restored
    records = (loaded.state.get("kickoffs") or {}).values()
    over = any(sprint_id_of(record) == restored and record.get("status") in OVER for record in records)
    if restored and over:
        ctx.store.forget_restored(loaded.lane)
