"""Time as events: the tick of a running sprint, and the reconciling tick for lost deliveries."""

import structlog

from jobs.context import Context
from shell.clock import now
from shell.errors import Refused, Unavailable
from shell.event import Event
from shell.forge import Forge
from shell.store.sprints import running_sprint

_log = structlog.get_logger(__name__)

_OVER = {"Done", "Failed", "Cancelled"}
_MAX_WAITING = 200
"""A lane with this many waiting events gets no further tick."""


def tick(ctx: Context) -> None:
    """One tick, with the health of its agents, to every lane with a running sprint."""
    health, at = ctx.store.agents_health(), now()
    for lane in ctx.store.lanes():
        sprint = running_sprint(ctx.store.load(lane).state)
        running = sprint is not None and sprint.get("status") not in _OVER
        if (running or lane in health) and ctx.store.waiting(lane) < _MAX_WAITING:
            ctx.store.put_event(lane, _tick(at, health.get(lane, {}), reconcile=False))


def reconcile(ctx: Context) -> None:
    """A reconciling tick to every lane."""
    health, at = ctx.store.agents_health(), now()
    for lane in ctx.store.lanes():
        if ctx.store.waiting(lane) < _MAX_WAITING:
            ctx.store.put_event(lane, _tick(at, health.get(lane, {}), reconcile=True))


def _tick(at: str, agents: dict[str, dict[str, object]], *, reconcile: bool) -> Event:
    kind = "reconcile" if reconcile else "tick"
    return {"type": "tick", "key": f"{kind}:{at}", "at": at, "reconcile": reconcile, "agents": agents}


def discover(ctx: Context) -> None:
    """Find the configured repositories that never sent a delivery."""
    for kind in ctx.settings.forges:
        try:
            for repo in _repositories(ctx, ctx.forge(kind)):
                _meet(ctx, f"{kind}-{repo['id']}", repo)
        except (Unavailable, Refused) as fault:
            _log.warning("cannot list repositories", forge=kind, reason=str(fault))


def _repositories(ctx: Context, forge: Forge) -> list[dict[str, object]]:
    if not ctx.settings.repos:
        return forge.repositories()
    found = []
    for name in ctx.settings.repos:
        try:
            found.append(forge.repository(name))
        except Refused as refusal:
            _log.warning("cannot read repository", repo=name, reason=str(refusal))
    return found


def _meet(ctx: Context, lane: str, repo: dict[str, object]) -> None:
    if ctx.store.about(lane).get("repo"):
        return
    kind, name, at = lane.partition("-")[0], str(repo["full_name"]), now()
    ctx.store.note_about(lane, name, int(str(repo["id"])), kind)
    key = f"changed:repository:{repo['id']}:reconcile {at}"
    event: Event = {"type": "changed", "object": "repository", "hint": "reconcile", "key": key, "at": at}
    ctx.store.put_event(lane, event | {"forge": kind, "repo_id": repo["id"], "repo": name})
