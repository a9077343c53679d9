"""The doorbell: RQ queues whose jobs carry nothing but a lane's name (for a run, its action's key too)."""

import hashlib
from typing import Any
from uuid import uuid4

from rq import Queue
from rq.serializers import JSONSerializer

JOBS = {
    "events": "jobs.advance.advance",
    "actions": "jobs.perform.perform",
    "agents": "jobs.attempt.attempt",
}
JOBS_FIRST = {"events": "jobs.advance.advance_first", "actions": "jobs.perform.perform_first"}
"""The same for a ring that went before all others: each answers its own."""
_TIMEOUT_S = {"events": 180, "actions": 600, "agents": -1}
_FAILURE_TTL_S = 3600


FIRST = "first-"
"""How the ids of those jobs begin that go before all others, each behind those of its kind."""
_OLDEST = """
local function at(id) return id and redis.call('HGET', 'rq:job:' .. id, 'enqueued_at') or '' end
local first, place = redis.call('LINDEX', ARGV[1], 0), 0
local low, high = 0, redis.call('LLEN', ARGV[1])
while low < high do
  local middle = math.floor((low + high) / 2)
  if string.sub(redis.call('LINDEX', ARGV[1], middle), 1, #ARGV[2]) == ARGV[2] then
    low = middle + 1
  else
    high = middle
  end
end
return {at(first), at(redis.call('LINDEX', ARGV[1], low))}
"""
"""Those that go first stand before all others, so that the border is found by halving."""
PUSH_FIRST = "PUSH-FIRST"
"""A pseudo command of the store's transactions."""


class FairQueue(Queue):
    """What goes first does not go before what went first earlier: none waits for ever."""

    def push_job_id(self, job_id: str, pipeline: Any = None, at_front: bool = False) -> Any:
        """At the end, or behind the last that goes first."""
        if at_front and pipeline is not None:
            return pipeline.execute_command(PUSH_FIRST, self.key, job_id, FIRST)
        return super().push_job_id(job_id, pipeline=pipeline, at_front=at_front)


def queue_of(name: str, client: Any) -> Queue:
    """The RQ queue of this name; JSON only, never pickle."""
    return FairQueue(name, connection=client, serializer=JSONSerializer)


class JobQueues:
    """Rings through one client."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._queues: dict[str, Queue] = {}

    def enqueue(self, pipe: Any, queue: str, lane: str, first: bool = False) -> None:
        """Within a transaction: one job for the lane, behind the others or before them."""
        self._enqueue(pipe, queue, (lane,), FIRST + uuid4().hex if first else None, first)

    def has_waiting(self, queue: str) -> bool:
        """Whether a ring waits that no worker has taken yet."""
        return bool(self.client.llen(self._queue(queue).key))

    def enqueue_run(self, pipe: Any, lane: str, key: str) -> None:
        """Within a transaction: one job for an agent's run."""
        self._enqueue(pipe, "agents", (lane, key), run_job_id(lane, key))

    def holds_run(self, lane: str, key: str) -> bool:
        """Whether a job for this run is in the queue."""
        return self._queue("agents").get_job_position(run_job_id(lane, key)) is not None

    def _queue(self, name: str) -> Queue:
        if name not in self._queues:
            self._queues[name] = queue_of(name, self.client)
        return self._queues[name]

    def _enqueue(
        self, pipe: Any, name: str, args: tuple[str, ...], job_id: str | None, first: bool = False
    ) -> None:
        self._queue(name).enqueue_call(
            (JOBS_FIRST if first else JOBS)[name],
            args=args,
            timeout=_TIMEOUT_S[name],
            result_ttl=0,
            failure_ttl=_FAILURE_TTL_S,
            job_id=job_id,
            at_front=first,
            pipeline=pipe,
        )

    def oldest(self, name: str) -> list[str]:
        """When the oldest jobs of the queue were put there: of those that go first, and of the others.

        Either kind may starve while the other moves; behind the first of its kind each is younger.
        """
        found = self.client.eval(_OLDEST, 0, self._queue(name).key, FIRST)
        return [at for at in found if at]


def run_job_id(lane: str, key: str) -> str:
    """The id of a run's job, so that it can be looked for."""
    return "run-" + hashlib.sha256(f"{lane} {key}".encode()).hexdigest()[:32]
