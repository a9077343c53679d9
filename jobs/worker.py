"""`python -m jobs.worker QUEUE`: one worker process for one queue (events, actions or agents)."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

import structlog
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker import WorkerStatus

from jobs import context
from jobs.agents_worker import RENEW_S, AgentsWorker
from jobs.context import Context
from jobs.preload import preload
from shell.errors import Unavailable
from shell.logging import set_up
from shell.queue import JOBS, queue_of
from shell.settings import Settings, SettingsError
from shell.store import connect
from shell.store.connection import LOST

_log = structlog.get_logger(__name__)

_WORKER_TTL_S = 18
"""An idle worker looks up every (this - 15) seconds, and tells then that it lives."""

_BEAT_S = 2.5


HANDS = 16
"""How many lanes one worker of the actions serves side by side: mostly it waits for the forge."""


class InProcessWorker(SimpleWorker):
    """RQ's in-process worker without its books on each job: of a ring nothing need be remembered."""

    beat: Callable[[], None]
    next_beat = 0.0

    def execute_job(self, job: Any, queue: Any) -> None:
        """One ring after the other, each within its time."""
        self.set_state(WorkerStatus.BUSY)
        try:
            with self.death_penalty_class(job.timeout, JobTimeoutException, job_id=job.id):
                self._answer(job, queue)
        finally:
            self.set_state(WorkerStatus.IDLE)

    def _answer(self, job: Any, queue: Any) -> None:
        """Answer the ring; should that fail, the sweep rings again."""
        try:
            self._forget(job, queue)
            job.func(*job.args)
        except (Unavailable, *LOST) as error:
            _log.warning("could not do it now", job=job.func_name, lane=job.args[0], reason=str(error))
        except Exception:
            _log.exception("job failed", job=job.func_name, lane=job.args[0])

    def _forget(self, job: Any, queue: Any) -> None:
        with self.connection.pipeline() as pipe:
            pipe.lrem(queue.intermediate_queue.key, 1, job.id)
            pipe.delete(job.key)
            pipe.execute()

    def check_for_suspension(self, burst: bool) -> None:
        """Nobody suspends us, and should the store be away just then, the worker would end."""

    def set_state(self, state: Any, pipeline: Any = None) -> None:
        """Kept in this process alone."""
        self._state = state

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        if monotonic() >= self.next_beat:
            self.next_beat = monotonic() + _BEAT_S
            super().heartbeat(timeout, pipeline)
            self.beat()


class ThreadedWorker(InProcessWorker):
    """Answers several rings at a time, each by a hand of its own."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.hands = ThreadPoolExecutor(HANDS, thread_name_prefix="hand")
        self.free = BoundedSemaphore(HANDS)

    def dequeue_job_and_maintain_ttl(self, *args: Any, **options: Any) -> Any:
        """No ring is taken before a hand is free: another worker may have one."""
        while not self.free.acquire(timeout=_BEAT_S):
            self.heartbeat()
        self.free.release()
        return super().dequeue_job_and_maintain_ttl(*args, **options)

    def execute_job(self, job: Any, queue: Any) -> None:
        """Give it to a free hand."""
        self.free.acquire()
        self.hands.submit(self._by_hand, job, queue)

    def _by_hand(self, job: Any, queue: Any) -> None:
        try:
            self._answer(job, queue)
        finally:
            self.free.release()

    def finish(self) -> None:
        """Wait for what the hands still do."""
        self.hands.shutdown(wait=True)


def main(queue: str) -> None:
    """Work until told to stop; what runs then is finished."""
    if queue not in JOBS:
        sys.exit(f"There is no queue {queue!r}; say one of {', '.join(JOBS)}.")
    os.environ.setdefault("CALORON_PROCESS", f"{queue}-{os.getpid()}")
    set_up(os.environ["CALORON_PROCESS"])
    try:
        ctx = Context.of(Settings.load())
    except SettingsError as error:
        sys.exit(str(error))
    context.use(ctx)
    preload(queue, ctx)
    worker = worker_of(queue, ctx)
    worker.work(logging_level="WARNING", with_scheduler=False)
    if queue == "actions":
        worker.finish()
    ctx.store.gone(ctx.process)


def worker_of(queue: str, ctx: Context) -> Any:
    """The worker of a queue, on a connection of its own: RQ reads bytes, our store text."""
    client = connect(ctx.settings.store_url, decode_responses=False)
    options = {
        "connection": client,
        "serializer": JSONSerializer,
        "worker_ttl": _WORKER_TTL_S,
        "maintenance_interval": 300,
    }
    queues = [queue_of(queue, client)]
    worker: Any
    if queue == "agents":
        worker = AgentsWorker(queues, **options, job_monitoring_interval=RENEW_S)
        worker.ctx = ctx
    else:
        worker = (ThreadedWorker if queue == "actions" else InProcessWorker)(queues, **options)
    worker.beat = lambda: beat(ctx)
    return worker


def beat(ctx: Context) -> None:
    """Tell that this process lives; a store that is away hears it when it is back."""
    try:
        ctx.store.alive(ctx.process)
    except Unavailable as error:
        _log.warning("the store does not answer", reason=str(error))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
