"""Sprints whose store was lost are taken up again, as their files tell them."""

import json
from pathlib import Path
from typing import Any

import structlog

from jobs.context import Context
from jobs.snapshot import ID
from shell.clock import now
from shell.event import Event

_log = structlog.get_logger(__name__)

Known = dict[Path, tuple[int, dict[str, Any] | None]]
"""File → when it was written, and what it tells of its lane."""


def restore(ctx: Context, known: Known) -> None:
    """Tell every lane that the store does not know any more what was last written down of it."""
    newest: dict[str, tuple[str, Path]] = {}
    for file in sorted(ctx.settings.kv_dir.glob("*.json")):
        lane = _lane_of(file, known)
        if lane is None or not _configured(ctx, lane["lane"]):
            continue
        if lane["epoch"] in (ctx.store.epoch(lane["lane"]), ctx.store.restored_from(lane["lane"])):
            continue
        newest[lane["lane"]] = max(newest.get(lane["lane"], ("", file)), (lane["at"], file))
    for lane_name, (_, file) in newest.items():
        _tell(ctx, lane_name, file)


def _lane_of(file: Path, known: Known) -> dict[str, Any] | None:
    """Which lane the file is of, at which epoch; None if its sprint is over or it is no such file."""
    written = file.stat().st_mtime_ns
    if known.get(file, (0, None))[0] != written:
        known[file] = (written, _read(file))
    return known[file][1]


def _read(file: Path) -> dict[str, Any] | None:
    try:
        lane = json.loads(file.read_text(encoding="utf-8")).get("lane")
    except (ValueError, AttributeError):
        _log.warning("a sprint's file cannot be read", file=str(file))
        return None
    if not isinstance(lane, dict) or not ID.fullmatch(file.stem):
        return None
    return {name: lane[name] for name in ("lane", "epoch", "at")}


def _configured(ctx: Context, lane: str) -> bool:
    return lane.partition("-")[0] in ctx.settings.forges


def _tell(ctx: Context, lane: str, file: Path) -> None:
    told = json.loads(file.read_text(encoding="utf-8"))
    saved, sprint_id = told["lane"], file.stem
    repo = saved["kept"]["repo"]
    named = {"forge": repo["forge"], "repo_id": repo["repo_id"], "repo": repo["full_name"]}
    key = f"restored:{sprint_id}:{saved['epoch']}"
    _log.warning("the store was lost; taking up the sprint again", lane=lane, sprint=sprint_id)
    ctx.store.note_about(lane, repo["full_name"], repo["repo_id"], repo["forge"])
    ctx.store.note_seen(lane, saved["heard"])
    ctx.store.set_restored(lane, sprint_id)
    event: Event = {"type": "restored", "key": key, "at": now(), "sprint_id": sprint_id, **named}
    event |= {"kept": saved["kept"], "tasks": told["state"]["tasks"], "actions": saved["actions"]}
    ctx.store.put_event(lane, event)
    ctx.store.set_restored_from(lane, saved["epoch"])
