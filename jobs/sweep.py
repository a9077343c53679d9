"""The sweep: enqueue again whatever is due but not handled, so a lost job or worker costs only seconds."""

import structlog

from jobs.attempt import finished
from jobs.context import Context
from shell.store.connection import milliseconds

_log = structlog.get_logger(__name__)


def enqueue_due(ctx: Context) -> None:
    """Enqueue the lanes whose next action is due."""
    for lane in ctx.store.lanes_due():
        ctx.store.enqueue("actions", lane)


def sweep(ctx: Context) -> None:
    """Enqueue lanes with waiting events or a state not yet shown, and check the runs."""
    waiting, unshown = ctx.store.lanes_waiting()
    for lane in waiting:
        ctx.store.enqueue("events", lane)
    for lane in unshown:
        ctx.store.enqueue("actions", lane)
    sweep_runs(ctx)


def sweep_runs(ctx: Context) -> None:
    """End runs whose lease expired, and enqueue queued ones whose job was lost; no run is ever repeated."""
    now_ms = milliseconds()
    for lane, key, run in ctx.store.live_runs():
        if run["status"] == "queued":
            ctx.store.enqueue_run(lane, key)
        elif run["status"] == "claimed" and int(run.get("until_ms") or 0) < now_ms:
            words = "The worker of this run stopped sending heartbeats."
            if ctx.store.finish_run(lane, key, finished(run["spec"], "crashed", words)):
                _log.warning("run lost", lane=lane, task=run["spec"]["task_id"])
