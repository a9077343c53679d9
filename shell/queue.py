"""The job queues: RQ queues whose jobs are wake-ups, carrying only a lane (a run's: its action's key too)."""

import hashlib
from datetime import datetime
from typing import Any

import redis
from rq import Queue
from rq.serializers import JSONSerializer

JOBS = {
    "events": "jobs.advance.advance",
    "events-urgent": "jobs.advance.advance_first",
    "actions": "jobs.perform.perform",
    "actions-urgent": "jobs.perform.perform_first",
    "agents": "jobs.attempt.attempt",
}
"""Queue → the function that its jobs call. Each queue has a worker of its own, because a worker that listens
on two queues can lose a job that it popped. The names are stored in jobs, so they stay."""
QUEUES = tuple(JOBS)
_NO_LIMIT = -1
_TIMEOUT_S = {"events": 180, "events-urgent": 180, "agents": 7 * 24 * 3600}
"""How long a job may take. Actions are only handed to a thread, and the agent itself has its own time limit:
RQ takes a job for abandoned a minute after its time, or after seven minutes if it has none."""
_FAILURE_TTL_S = 3600


def queue_of(name: str, client: Any) -> Queue:
    """The RQ queue of this name; JSON only, never pickle."""
    return Queue(name, connection=client, serializer=JSONSerializer)


def urgent(queue: str) -> str:
    """The queue for work of this kind that someone waits for."""
    return f"{queue}-urgent"


class JobQueues:
    """Puts wake-ups into the queues, and shows what waits there."""

    def __init__(self, client: Any) -> None:
        self._queues = {name: queue_of(name, client) for name in QUEUES}
        bytes_client = _reading_bytes(client)
        self._reading = {name: queue_of(name, bytes_client) for name in QUEUES}

    def enqueue(self, pipe: Any, queue: str, lane: str) -> None:
        """Within a transaction: one job for the lane."""
        self._enqueue(pipe, queue, (lane,))

    def enqueue_run(self, pipe: Any, lane: str, key: str) -> None:
        """Within a transaction: one job for an agent's run."""
        self._enqueue(pipe, "agents", (lane, key), run_job_id(lane, key))

    def _enqueue(self, pipe: Any, name: str, args: tuple[str, ...], job_id: str | None = None) -> None:
        self._queues[name].enqueue_call(
            JOBS[name],
            args=args,
            timeout=_TIMEOUT_S.get(name, _NO_LIMIT),
            result_ttl=0,
            failure_ttl=_FAILURE_TTL_S,
            job_id=job_id,
            pipeline=pipe,
        )

    def has_waiting(self, queue: str) -> bool:
        """Whether a job waits that no worker has taken yet, urgent or not."""
        return any(self._queues[name].count for name in (queue, urgent(queue)))

    def holds_run(self, lane: str, key: str) -> bool:
        """Whether a job for this run is in the queue."""
        return self._queues["agents"].get_job_position(run_job_id(lane, key)) is not None

    def oldest_at(self, name: str) -> datetime | None:
        """When the first job of the queue was put there; None if none waits."""
        oldest = self._reading[name].get_jobs(0, 1)
        return oldest[0].enqueued_at if oldest else None


def _reading_bytes(client: Any) -> Any:
    """Another client of the same store for RQ, which reads jobs as bytes."""
    pool = client.connection_pool
    named = pool.connection_kwargs | {"decode_responses": False}
    return redis.Redis(connection_pool=redis.ConnectionPool(pool.connection_class, **named))


def run_job_id(lane: str, key: str) -> str:
    """The id of a run's job, so that it can be looked for."""
    return "run-" + hashlib.sha256(f"{lane} {key}".encode()).hexdigest()[:32]
