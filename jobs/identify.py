"""Ask the forge what a lane's repository is: by its id, because another one may have taken its name over."""

from typing import Any

import structlog

from jobs.context import Context
from shell.admission import Admission, Facts, entry_for
from shell.errors import Refused, Unavailable
from shell.store.connection import milliseconds

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
    note_facts(ctx, lane, found)
    return found


def note_facts(ctx: Context, lane: str, found: dict[str, Any]) -> None:
    """Put what the forge says into the table that deliveries are compared with."""
    before, _ = ctx.store.facts(lane)
    name, owner = str(found["full_name"]), int(found["owner_id"])
    facts: Facts = {"repo": name, "owner_id": owner, "app": bool(ctx.account(lane).get("app"))}
    if entry := entry_for(ctx.settings, name):
        facts |= {"named": entry, "named_owner": owner}
    elif before and "named" in before:
        facts |= {"named": before["named"], "named_owner": before["named_owner"]}
    ctx.store.note_facts(lane, facts | {"at_ms": milliseconds()})


def identify(ctx: Context, lane: str) -> Admission:
    """The first call of a lane: nothing of it is handled before. Unavailable if the forge does not answer."""
    try:
        found = _shown(ctx, lane, ctx.repo(lane))
        wrong = f"the forge shows another repository (id {found['id']}) under the name that the delivery told"
    except Refused as refusal:
        found, wrong = {"id": None}, f"the forge does not show this repository to the bot ({refusal})"
    if found["id"] == _own_id(lane):
        ctx.store.note_own_name(lane, found["full_name"])
        note_facts(ctx, lane, found)
    else:
        ctx.store.note_facts(lane, {"wrong": wrong, "at_ms": milliseconds()})
        _log.warning("a delivery's repository is not there", lane=lane, reason=wrong)
    return ctx.admission(lane)


def _shown(ctx: Context, lane: str, name: str) -> dict[str, Any]:
    return dict(ctx.forge(lane).repository(name))


def _own_id(lane: str) -> int:
    return int(lane.partition("-")[2])
