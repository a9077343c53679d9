"""Ask the forge what a lane's repository is: by its id, because another one may have taken its name over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from jobs.context import Context
from shell.admission import Admission, Facts, entry_for
from shell.errors import Refused, Unavailable
from shell.store.connection import milliseconds

if TYPE_CHECKING:
    from stages.world import ForgeRepository

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


def own_repository(ctx: Context, lane: str) -> ForgeRepository:
    """The lane's own repository as the forge shows it now, by its newest name or the last verified one."""
    own, newest = _own_id(lane), ctx.repo(lane)
    forge = ctx.forge(lane)
    found = forge.repository(newest)
    sure = ctx.store.about(lane).get("sure")
    if found["id"] != own and sure and sure != newest:
        found = forge.repository(sure)
    if found["id"] != own:
        if ctx.store.note_other(lane, found["id"]):
            _log.error("another repository has this name", lane=lane, repo=newest, id=found["id"])
        ids = f"id {found['id']}, not {own}"
        reason = f"this name now belongs to another repository ({ids}), so nothing is written"
        raise Unavailable(newest, reason)
    ctx.store.note_own_name(lane, found["full_name"])
    note_facts(ctx, lane, found)
    return found


def note_facts(ctx: Context, lane: str, found: ForgeRepository) -> None:
    """Put what the forge says into the table that deliveries are compared with."""
    before, _ = ctx.store.facts(lane)
    name, owner = found["full_name"], found["owner_id"]
    facts: Facts = {"repo": name, "owner_id": owner, "app": bool(ctx.account(lane).get("app"))}
    if entry := entry_for(ctx.settings, name):
        facts["named"], facts["named_owner"] = entry, owner
    elif before and "named" in before:
        facts["named"], facts["named_owner"] = before["named"], before["named_owner"]
    facts["at_ms"] = milliseconds()
    ctx.store.note_facts(lane, facts)


def identify(ctx: Context, lane: str) -> Admission:
    """The first call of a lane: nothing of it is handled before. Unavailable if the forge does not answer."""
    found: ForgeRepository | None = None
    try:
        found = ctx.forge(lane).repository(ctx.repo(lane))
        wrong = f"the forge shows another repository (id {found['id']}) under the name that the delivery told"
    except Refused as refusal:
        wrong = f"the forge does not show this repository to the bot ({refusal})"
    if found and found["id"] == _own_id(lane):
        ctx.store.note_own_name(lane, found["full_name"])
        note_facts(ctx, lane, found)
    else:
        ctx.store.note_facts(lane, {"wrong": wrong, "at_ms": milliseconds()})
        _log.warning("a delivery's repository is not there", lane=lane, reason=wrong)
    return ctx.admission(lane)


def _own_id(lane: str) -> int:
    return int(lane.partition("-")[2])
