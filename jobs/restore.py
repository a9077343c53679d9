"""Restoring sprints after the store was lost, from the files that `jobs/snapshot.py` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast

import structlog

from jobs.context import Context
from jobs.snapshot import ID
from shell.clock import now
from shell.sanitize import read_bounded
from shell.store import UnknownVersion
from shell.store.migrations import FIRST_VERSION, check, up_to_date

_log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    from stages.world import Kept, Restored

_LONGEST = 200


class Origin(TypedDict):
    """What a sprint's file says about its lane."""

    lane: str
    epoch: str
    """Of the store that it was written from."""
    at: str
    """When it was written."""


Known = dict[Path, tuple[int, Origin | None]]
"""File → its modification time, and what it says about its lane."""


def restore(ctx: Context, known: Known) -> None:
    """Put a `restored` event into every lane that has a file but is missing from the store."""
    newest: dict[str, tuple[str, Path]] = {}
    for file in sorted(ctx.settings.kv_dir.glob("*.json")):
        lane = _lane_of(file, known)
        if lane is None or not _configured(ctx, lane["lane"]):
            continue
        if lane["epoch"] in (ctx.store.epoch(lane["lane"]), ctx.store.restored_from(lane["lane"])):
            continue
        newest[lane["lane"]] = max(newest.get(lane["lane"], ("", file)), (lane["at"], file))
    for lane_name, (_, file) in newest.items():
        try:
            _restore(ctx, lane_name, file)
        except (LookupError, TypeError, ValueError, AttributeError) as wrong:
            known[file] = (file.stat().st_mtime_ns, None)  # until it is written again
            _log.error("a sprint's file is not restored", file=str(file), reason=repr(wrong))


def _lane_of(file: Path, known: Known) -> Origin | None:
    """The file's lane and epoch; None if its sprint is over, or it is no such file."""
    written = file.stat().st_mtime_ns
    if known.get(file, (0, None))[0] != written:
        known[file] = (written, _read(file))
    return known[file][1]


def _read(file: Path) -> Origin | None:
    try:
        lane = read_bounded(file.read_text(encoding="utf-8")).get("lane")
    except (ValueError, AttributeError):
        _log.warning("a sprint's file cannot be read", file=str(file))
        return None
    if not isinstance(lane, dict) or not ID.fullmatch(file.stem):
        return None
    try:
        check(lane.get("v", FIRST_VERSION), f"The file {file.name}")
    except UnknownVersion as unknown:
        _log.error("a sprint's file is not restored", file=str(file), reason=str(unknown))
        return None
    found = {name: lane.get(name) for name in ("lane", "epoch", "at")}
    if not all(isinstance(text, str) and 0 < len(text) <= _LONGEST for text in found.values()):
        _log.warning("a sprint's file does not say whose it is", file=str(file))
        return None
    return cast("Origin", found)


def _configured(ctx: Context, lane: str) -> bool:
    return lane.partition("-")[0] in ctx.settings.forges


def _restore(ctx: Context, lane: str, file: Path) -> None:
    content = read_bounded(file.read_text(encoding="utf-8"))
    saved, sprint_id = content["lane"], file.stem
    stored = {"v": saved.get("v", FIRST_VERSION), "tasks": content["state"]["tasks"]} | saved["kept"]
    state = up_to_date(stored, f"The file {file.name}")
    repo = state["repo"]
    _log.warning("the store was lost; restoring the sprint", lane=lane, sprint=sprint_id)
    ctx.store.note_about(lane, repo["full_name"], repo["repo_id"], repo["forge"])
    ctx.store.note_seen(lane, saved["heard"])
    ctx.store.set_restored(lane, sprint_id)
    others = {name: value for name, value in state.items() if name not in ("v", "tasks")}
    event: Restored = {
        "type": "restored",
        "key": f"restored:{sprint_id}:{saved['epoch']}",
        "at": now(),
        "sprint_id": sprint_id,
        "forge": repo["forge"],
        "repo_id": repo["repo_id"],
        "repo": repo["full_name"],
        "kept": cast("Kept", others),
        "tasks": state["tasks"],
        "actions": saved["actions"],
    }
    ctx.store.put_event(lane, event)
    ctx.store.set_restored_from(lane, saved["epoch"])
