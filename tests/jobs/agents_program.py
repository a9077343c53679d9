"""An agents worker whose runs do what the task's id says: a real process for the tests to kill."""

import os
import sys
from time import sleep
from typing import Any

from jobs import attempt, context, worker
from jobs.context import Context
from shell.settings import Settings


def run(spec: Any, forge: Any, ctx: Any, report: Any) -> Any:
    report.started(os.getpid())
    report.heartbeat("2026-01-01T00:00:00.000Z")
    if spec["task_id"] == "breaks":
        raise RuntimeError("oh")
    while spec["task_id"] == "hangs" and report.may_go_on():
        sleep(0.02)
    return {"outcome": "done" if report.may_go_on() else "stopped", "pr_number": 5, "reason": "ok"}


if __name__ == "__main__":
    attempt.run_agent = run
    attempt.RENEW_S = 1.0
    ctx = Context.of(Settings.load())
    context.use(ctx)
    worker.worker_of("agents", ctx).work(logging_level="ERROR", burst="--burst" in sys.argv)
