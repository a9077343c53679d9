"""A file for each sprint that changed, in the form that the stateful tick reads and writes."""

import json
import os
import re
from pathlib import Path
from typing import Any

from jobs.context import Context
from shell.store.fields import State
from shell.store.sprints import running_sprint, sprint_id_of

_ID = re.compile(r"[a-z0-9_-]{1,64}")


def snapshot(here: Context, written: dict[str, int]) -> None:
    """Write the sprints of lanes that moved on since `written` (lane → version), and note that there."""
    for lane in here.store.lanes():
        loaded = here.store.load(lane)
        if written.get(lane) != loaded.version:
            write_file(here.settings.kv_dir, loaded.state)
            written[lane] = loaded.version


def write_file(folder: Path, state: State) -> Path | None:
    """The file of the state's sprint; None if it has none. Whole or not at all, also when the power fails."""
    sprint_id = sprint_id_of(running_sprint(state) or {})
    if not sprint_id or not _ID.fullmatch(sprint_id):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    file, beside = folder / f"{sprint_id}.json", folder / f".{sprint_id}.json.{os.getpid()}"
    with beside.open("w", encoding="utf-8") as text:
        json.dump(contents(sprint_id, state), text, indent=2)
        text.flush()
        os.fsync(text.fileno())
    beside.replace(file)
    _sync(folder)
    return file


def contents(sprint_id: str, state: State) -> dict[str, Any]:
    """What the file says."""
    tasks: dict[str, Any] = state.get("tasks") or {}
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


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
