"""`python -m jobs.worker QUEUE`: one worker process, for one queue."""

import gc

if __name__ == "__main__":
    gc.disable()  # see shell/garbage.py

import os
import sys
from collections.abc import Callable
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import structlog
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker import BaseWorker, WorkerStatus

from jobs import context
from jobs.context import BEAT_S, Context
from jobs.failures import logged
from jobs.preload import preload
from jobs.worker_threads import WorkerThreads
from shell.errors import Unavailable
from shell.garbage import keep_what_is_loaded
from shell.logging import set_up
from shell.parent import keep_unreadable
from shell.queue import JOBS, QUEUES, queue_of, urgent
from shell.settings import Settings, SettingsError
from shell.store import connect
from shell.store.inbox import new_id

if TYPE_CHECKING:
    from shell.agent.trial import Stance

_log = structlog.get_logger(__name__)

_WORKER_TTL_S = 18
"""An idle worker stops waiting every (this - 15) seconds, to send a heartbeat."""
_MAINTENANCE_S = 300
_STORE_PAUSE_S = 0.5


class QueueWorker(BaseWorker):
    """RQ's worker for jobs that are only wake-ups: they run in this process, and RQ keeps no record of them.

    RQ's own `SimpleWorker` makes 60 commands for each job instead of 11 (docs/decisions/0014-rq.md).
    """

    max_connection_wait_time = 5.0
    told_to_stop = False
    next_heartbeat = 0.0
    beat: Callable[[], None]
    report_refused: Callable[[str], None]

    def execute_job(self, job: Job, queue: Queue) -> None:
        """RQ's hook for running a job. It is deleted first: if it is lost, the sweep enqueues another."""
        with self.connection.pipeline() as pipe:
            self.set_state(WorkerStatus.BUSY, pipe)
            pipe.lrem(queue.intermediate_queue_key, 1, job.id)
            pipe.delete(job.key)
            pipe.execute()
        if reason := refusal(job, queue.name):
            _log.error("job refused", job=queue.name, reason=reason)
            self.report_refused(reason)
            return
        limit = self.death_penalty_class(job.timeout, JobTimeoutException, job_id=job.id)
        with logged(queue.name, job.args[0]), limit:
            job.func(*job.args)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """As RQ's, but not several times for each job; it is a heartbeat in our store too."""
        if monotonic() >= self.next_heartbeat:
            self.next_heartbeat = monotonic() + BEAT_S
            super().heartbeat(timeout, pipeline)
            self.beat()

    def handle_warm_shutdown_request(self) -> None:
        """RQ's hook for a first SIGTERM or SIGINT."""
        self.told_to_stop = True


def refusal(job: Job, queue: str) -> str | None:
    """Why this job is not run: whoever can write into the store must not choose what a worker calls."""
    try:
        named, args, named_args = job.func_name, job.args, job.kwargs
    except Exception as error:  # whatever the job's bytes make of RQ's reader
        return f"A job in the queue {queue} cannot be read ({type(error).__name__}); it was not run."
    ours = {JOBS[queue], JOBS.get(urgent(queue))}  # an earlier version had the urgent jobs in the only queue
    if named not in ours or named_args or not args or not all(isinstance(arg, str) for arg in args):
        return f"A job in the queue {queue} called {str(named)[:100]!r}, not {JOBS[queue]}; it was not run."
    return None


def main(queue: str) -> None:
    """Work until told to stop, and then finish what is running."""
    if queue not in QUEUES:
        sys.exit(f"There is no queue {queue!r}; choose one of {', '.join(QUEUES)}.")
    keep_unreadable()
    os.environ.setdefault("CALORON_PROCESS", f"{queue}-{os.getpid()}")
    set_up(os.environ["CALORON_PROCESS"])
    try:
        ctx = Context.of(Settings.load())
    except SettingsError as error:
        sys.exit(str(error))
    context.use(ctx)
    if queue.startswith("actions"):
        ctx.threads = WorkerThreads(ctx.beat)
    preload(queue, ctx)
    ctx.gives_logins = queue == "agents"
    keep_what_is_loaded()
    _enter(ctx, tried_walls(ctx.settings) if queue == "agents" else None)
    worker = worker_of(queue, ctx)
    worker.work(logging_level="WARNING", with_scheduler=False)
    if ctx.threads:
        ctx.threads.finish()
    if not worker.told_to_stop:  # RQ's worker ends when it loses the store in the middle of a job
        sys.exit("The worker lost the store and ends, to be started again.")
    ctx.store.gone(ctx.process)


def _enter(ctx: Context, walls: "Stance | None") -> None:
    """Report to the store; a worker that starts while it is away waits for it."""
    while True:
        try:
            if walls is not None:
                ctx.store.report_walls(ctx.process, walls.state, walls.words)
            ctx.store.alive(ctx.process)
            return
        except Unavailable as error:
            _log.warning("waiting for the store", reason=str(error))
            sleep(_STORE_PAUSE_S)


def tried_walls(settings: Settings) -> "Stance":
    """How agents run here; imported here, because only a worker of agents needs it."""
    from shell.agent.trial import stance

    found = stance(settings.sandbox, settings.framework)
    if found.state != "walled":
        _log.warning("agents have no walls", state=found.state, reason=found.words)
    return found


def worker_of(queue: str, ctx: Context) -> QueueWorker:
    """The worker of a queue, on a connection of its own: RQ reads bytes, our store text."""
    client = connect(ctx.settings.store_url, decode_responses=False)
    worker = QueueWorker(
        [queue_of(queue, client)],
        connection=client,
        serializer=JSONSerializer,
        worker_ttl=_WORKER_TTL_S,
        maintenance_interval=_MAINTENANCE_S,
    )
    worker.beat = ctx.beat
    worker.report_refused = lambda reason: ctx.store.add_dead_letter(new_id(), {"reason": reason})
    return worker


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
