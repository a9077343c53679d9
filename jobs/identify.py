"""Make sure that the name a lane's repository goes by is still its own: the id tells, a name may pass on."""

from typing import Any

import structlog

from jobs.context import Context
from shell.errors import Refused, Unavailable

_log = structlog.get_logger(__name__)


def own_name(ctx: Context, lane: str) -> str:
    """The repository's name; Unavailable while what bears it is another repository, so that the lane rests.

    The forge is asked only if the name was told anew since it was last asked, of this lane or of another.
    """
    name = ctx.store.own_name(lane)
    if name:
        return name
    try:
        return str(own_repository(ctx, lane)["full_name"])
    except Refused as refusal:
        raise Unavailable(ctx.repo(lane), f"the forge does not show it ({refusal})") from refusal


def own_repository(ctx: Context, lane: str) -> dict[str, Any]:
    """The lane's own repository as the forge shows it now, by its newest name or by the last sure one."""
    own, newest = _own_id(lane), ctx.repo(lane)
    there = _shown(ctx, lane, newest)
    sure = ctx.store.about(lane).get("sure")
    if there["id"] != own and sure and sure != newest:
        there = _shown(ctx, lane, sure)
    if there["id"] != own:
        if ctx.store.note_other(lane, there["id"]):
            _log.error("another repository bears the name", lane=lane, repo=newest, id=there["id"])
        reason = f"it is another repository now (id {there['id']}, not {own}), so nothing is written there"
        raise Unavailable(newest, reason)
    ctx.store.note_own_name(lane, there["full_name"])
    return there


def _shown(ctx: Context, lane: str, name: str) -> dict[str, Any]:
    return dict(ctx.forge(lane).repository(name))


def _own_id(lane: str) -> int:
    return int(lane.partition("-")[2])
