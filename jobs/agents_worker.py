"""The worker of the agents' queue: a child for each run, whose lease it keeps and which dies with it."""

import os
from collections.abc import Callable
from typing import Any

import structlog
from rq import Worker

from jobs import context
from jobs.attempt import finished
from jobs.context import Context
from shell.errors import Unavailable
from shell.parent import die_with_parent
from shell.store.connection import LOST

_log = structlog.get_logger(__name__)

RENEW_S = 4


class AgentsWorker(Worker):
    """RQ's forking worker; the lease of a run is renewed here, not in the child."""

    ctx: Context
    beat: Callable[[], None]

    def fork_work_horse(self, job: Any, queue: Any) -> None:
        """As RQ's, but the child dies with us and has a context of its own."""
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            os.setpgrp()
            die_with_parent(parent)
            context.use(Context.of(self.ctx.settings))
            self.main_work_horse(job, queue)
            os._exit(0)
        self._horse_pid = child

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        if not self.is_horse:
            self.beat()

    def maintain_heartbeats(self, job: Any) -> None:
        """Called every few seconds while the child lives."""
        try:
            super().maintain_heartbeats(job)
            self.ctx.store.renew_run(*job.args)
        except (Unavailable, *LOST) as error:
            _log.warning("the store does not answer; the run goes on", reason=str(error))

    def handle_work_horse_killed(self, job: Any, retpid: Any, ret_val: Any, rusage: Any) -> None:
        """The child died at its work: told at once, without waiting for the lease to run out."""
        lane, key = job.args
        run = self.ctx.store.run(lane, key)
        if run is not None:
            words = f"The process of this run ended unexpectedly (status {ret_val})."
            self.ctx.store.finish_run(lane, key, finished(run["spec"], "crashed", words))
