"""Time as events: the tick of a running sprint, and the reconciling tick for lost deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog

from jobs.context import Context
from jobs.identify import note_facts
from shell.clock import now
from shell.errors import Refused, Unavailable
from shell.event import Changed, ForgeKind, kind_of
from shell.installations import lanes
from shell.store.sprints import running_sprint

if TYPE_CHECKING:
    from stages.world import AgentSigns, ForgeRepository, Tick

_log = structlog.get_logger(__name__)

_OVER = {"Done", "Failed", "Cancelled"}
_MAX_WAITING = 200
"""A lane with this many waiting events gets no further tick."""


def tick(ctx: Context) -> None:
    """One tick, with the health of its agents, to every lane whose sprint runs, or waits for the lock."""
    health, at = ctx.store.agents_health(), now()
    for lane in ctx.store.lanes():
        state = ctx.store.load(lane).state
        sprint = running_sprint(state)
        running = sprint is not None and sprint.get("status") not in _OVER
        wanted = (running or state.get("lock") or lane in health) and ctx.store.waiting(lane) < _MAX_WAITING
        if wanted and ctx.admission(lane).let_in:
            ctx.store.put_event(lane, _tick(at, health.get(lane, {}), reconcile=False))


def reconcile(ctx: Context) -> None:
    """A reconciling tick to every lane whose repository is let in."""
    health, at = ctx.store.agents_health(), now()
    for lane in ctx.store.lanes():
        if ctx.store.waiting(lane) < _MAX_WAITING and ctx.admission(lane).let_in:
            ctx.store.put_event(lane, _tick(at, health.get(lane, {}), reconcile=True))


def _tick(at: str, agents: dict[str, AgentSigns], *, reconcile: bool) -> Tick:
    kind = "reconcile" if reconcile else "tick"
    return {"type": "tick", "key": f"{kind}:{at}", "at": at, "reconcile": reconcile, "agents": agents}


def note_installed(ctx: Context) -> None:
    """Take up what `caloron install` noted and took back in CALORON_HOME, also while the store was away."""
    noted, installed = lanes(ctx.settings.home).keys(), ctx.store.installed()
    for lane in noted - installed:
        ctx.store.note_installed(lane)
    for lane in installed - noted if ctx.settings.redis_url is None else ():
        ctx.store.forget_installed(lane)  # a store of many machines has those of the others too


def discover(ctx: Context) -> None:
    """Ask for every repository that is let in, and meet those that never sent a delivery."""
    for kind in ctx.settings.forges:
        try:
            for repo in _repositories(ctx, kind):
                lane = f"{kind}-{repo['id']}"
                note_facts(ctx, lane, repo)
                if ctx.admission(lane).let_in:
                    _meet(ctx, lane, repo)
        except (Unavailable, Refused) as fault:
            _log.warning("cannot list repositories", forge=kind, reason=str(fault))


def _repositories(ctx: Context, kind: ForgeKind) -> Iterator[ForgeRepository]:
    """Those that the settings and `caloron install` name, and of whole owners those that we may push to."""
    forge, settings = ctx.forge(kind), ctx.settings
    installed = [name for lane, name in lanes(settings.home).items() if lane.startswith(f"{kind}-")]
    for name in [*(entry for entry in settings.repos if not entry.endswith("/*")), *installed]:
        try:
            yield forge.repository(name)
        except Refused as refusal:
            _log.warning("cannot read repository", repo=name, reason=str(refusal))
    owners = {entry.partition("/")[0].casefold() for entry in settings.repos if entry.endswith("/*")}
    if ctx.account(kind).get("app"):
        owners |= {owner.casefold() for owner in settings.owners}
    if owners:
        every = forge.repositories()
        yield from (repo for repo in every if repo["full_name"].partition("/")[0].casefold() in owners)


def _meet(ctx: Context, lane: str, repo: ForgeRepository) -> None:
    if ctx.store.about(lane).get("repo"):
        return
    kind, name, at = kind_of(lane), repo["full_name"], now()
    ctx.store.note_about(lane, name, repo["id"], kind)
    event: Changed = {
        "type": "changed",
        "key": f"changed:repository:{repo['id']}:reconcile {at}",
        "at": at,
        "object": "repository",
        "hint": "reconcile",
        "forge": kind,
        "repo_id": repo["id"],
        "repo": name,
    }
    ctx.store.put_event(lane, event)
