"""Looks after the machine's disk: makes room, and tells each lane when too little is free or enough again."""

from jobs.context import Context
from shell.clock import now
from shell.event import Event


def watch_disk(ctx: Context) -> None:
    """Remove what no run uses any more; tell the lanes what they do not know yet."""
    from shell.agent.paths import Paths, make_room

    make_room(Paths(ctx.settings.home, {}, reserve=ctx.reserve()))
    short, since = ctx.reserve().shortage() is not None, ctx.store.short_since()
    if not short and since is None:
        return
    since = since or ctx.store.set_short(now())
    for lane in ctx.store.lanes():
        if bool(ctx.store.load(lane).state.get("short_of_space")) != short:
            ctx.store.put_event(lane, _machine(short, since))
    if not short:
        ctx.store.set_short(None)


def _machine(short: bool, since: str) -> Event:
    return {"type": "machine", "key": f"machine:{short}:{since}", "at": now(), "short_of_space": short}
