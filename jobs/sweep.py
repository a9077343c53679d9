"""Ring again for all that is due and nobody answered: a lost job or a dead worker costs seconds only."""

import structlog

from jobs.attempt import finished
from jobs.context import Context
from shell.store.connection import milliseconds

_log = structlog.get_logger(__name__)


def enqueue_due(ctx: Context) -> None:
    """Ring for the lanes of which an action has come due."""
    for lane in ctx.store.lanes_due():
        ctx.store.enqueue("actions", lane)


def sweep(ctx: Context) -> None:
    """Ring for what waits in inboxes, for what was not shown yet, and look after the runs."""
    waiting, unshown = ctx.store.lanes_waiting()
    for lane in waiting:
        ctx.store.enqueue("events", lane)
    for lane in unshown:
        ctx.store.enqueue("actions", lane)
    sweep_runs(ctx)


def sweep_runs(ctx: Context) -> None:
    """End the runs whose lease ran out, ring for queued ones whose job was lost; none is ever done again."""
    moment = milliseconds()
    for lane, key, run in ctx.store.live_runs():
        if run["status"] == "queued":
            ctx.store.enqueue_run(lane, key)
        elif run["status"] == "claimed" and int(run.get("until_ms") or 0) < moment:
            words = "The worker of this run gave no sign of life any more."
            if ctx.store.finish_run(lane, key, finished(run["spec"], "crashed", words)):
                _log.warning("run lost", lane=lane, task=run["spec"]["task_id"])
