"""`python -m jobs.worker QUEUE`: one worker process for one queue (events, actions or agents)."""

import os
import sys
from collections.abc import Callable
from typing import Any

import structlog
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from jobs import context
from jobs.agents_worker import RENEW_S, AgentsWorker
from jobs.context import Context
from shell.errors import Unavailable
from shell.logging import set_up
from shell.queue import JOBS, queue_of
from shell.settings import Settings, SettingsError
from shell.store import connect

_log = structlog.get_logger(__name__)

_WORKER_TTL_S = 18
"""An idle worker looks up every (this - 15) seconds, and tells then that it lives."""


class BeatingWorker(SimpleWorker):
    """RQ's in-process worker, which tells that it lives."""

    beat: Callable[[], None]

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        self.beat()


def main(queue: str) -> None:
    """Work until told to stop; what runs then is finished."""
    if queue not in JOBS:
        sys.exit(f"There is no queue {queue!r}; say one of {', '.join(JOBS)}.")
    os.environ.setdefault("CALORON_PROCESS", f"{queue}-{os.getpid()}")
    set_up(os.environ["CALORON_PROCESS"])
    try:
        here = Context.of(Settings.load())
    except SettingsError as error:
        sys.exit(str(error))
    context.use(here)
    worker = worker_of(queue, here)
    worker.work(logging_level="WARNING", with_scheduler=False)
    here.store.gone(here.process)


def worker_of(queue: str, here: Context) -> Any:
    """The worker of a queue, on a connection of its own: RQ reads bytes, our store text."""
    client = connect(here.settings.store_url, decode_responses=False)
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
        worker.store = here.store
    else:
        worker = BeatingWorker(queues, **options)
    worker.beat = lambda: beat(here)
    return worker


def beat(here: Context) -> None:
    """Tell that this process lives; a store that is away hears it when it is back."""
    try:
        here.store.alive(here.process)
    except Unavailable as error:
        _log.warning("the store does not answer", reason=str(error))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
