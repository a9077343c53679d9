"""Verify by id that a lane's repository still has its name: another one may have taken it over."""

from typing import Any

import structlog

from jobs.context import Context
from shell.errors import Refused, Unavailable

_log = structlog.get_logger(__name__)


def own_name(ctx: Context, lane: str) -> str:
    """The repository's name; Unavailable while another repository has it, so that the lane waits.

    The forge is asked only if a delivery used the name since it was last asked, for this lane or another.
    """
    name = ctx.store.own_name(lane)
    if name:
        return name
    try:
        return str(own_repository(ctx, lane)["full_name"])
    except Refused as refusal:
        raise Unavailable(
            ctx.repo(lane), f"the forge refuses to show the repository ({refusal})"
        ) from refusal


def own_repository(ctx: Context, lane: str) -> dict[str, Any]:
    """The lane's own repository as the forge shows it now, by its newest name or the last verified one."""
    own, newest = _own_id(lane), ctx.repo(lane)
    found = _shown(ctx, lane, newest)
    sure = ctx.store.about(lane).get("sure")
    if found["id"] != own and sure and sure != newest:
        found = _shown(ctx, lane, sure)
    if found["id"] != own:
        if ctx.store.note_other(lane, found["id"]):
            _log.error("another repository has this name", lane=lane, repo=newest, id=found["id"])
        ids = f"id {found['id']}, not {own}"
        reason = f"this name now belongs to another repository ({ids}), so nothing is written"
        raise Unavailable(newest, reason)
    ctx.store.note_own_name(lane, found["full_name"])
    return found


def _shown(ctx: Context, lane: str, name: str) -> dict[str, Any]:
    return dict(ctx.forge(lane).repository(name))


def _own_id(lane: str) -> int:
    return int(lane.partition("-")[2])
