"""The runs of agents: each claimed once and never again, held by a lease that its worker renews."""

import json
from typing import Any

from shell.action import Action
from shell.clock import now
from shell.event import Event
from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.outbox import Outbox, Taken

RUN_LEASE_S = 15.0
_KEPT_S = 7 * 24 * 3600
_HEARTBEAT_S = 24 * 3600


class Runs(Outbox):
    """Run records: `status` queued, claimed or finished."""

    @reachable
    def queue_run(self, lane: str, taken: Taken, spec: Action) -> bool:
        """The action leaves the outbox, its run waits for a worker; False if there was one already."""
        name, task = keys.run(lane, taken.key), _task(spec)

        def queue(pipe: Any) -> bool:
            newest = pipe.hget(keys.outbox_seq(lane), taken.key) == taken.seq
            fresh = not pipe.exists(name)
            pipe.multi()
            if fresh:
                pipe.hset(name, mapping={"status": "queued", "spec": write(spec), "queued_at": now()})
                pipe.hset(keys.current_runs(lane), task, taken.key)
                pipe.sadd(keys.RUNS, write([lane, taken.key]))
                self.queues.enqueue_run(pipe, lane, taken.key)
            pipe.hdel(keys.outbox_tries(lane), taken.key)
            if newest:
                self._take_out(pipe, lane, taken)
            self._note_next_due(pipe, lane)
            return fresh

        return self._transact(queue, [], (keys.outbox_seq(lane), name))

    @reachable
    def claim_run(self, lane: str, key: str, worker: str) -> Action | None:
        """What to do, for the one who claims it first; None for everybody after."""
        name = keys.run(lane, key)

        def claim(pipe: Any) -> Action | None:
            status, spec = pipe.hmget(name, "status", "spec")
            pipe.multi()
            if status != "queued":
                return None
            until = milliseconds() + int(RUN_LEASE_S * 1000)
            claimed = {"status": "claimed", "worker": worker, "claimed_at": now(), "until_ms": until}
            pipe.hset(name, mapping=claimed)
            found: Action = json.loads(spec)
            return found

        return self._transact(claim, [], (name,))

    @reachable
    def renew_run(self, lane: str, key: str) -> bool:
        """The worker still has it; False if it is not claimed (any more)."""
        name = keys.run(lane, key)

        def renew(pipe: Any) -> bool:
            claimed = bool(pipe.hget(name, "status") == "claimed")
            pipe.multi()
            if claimed:
                pipe.hset(name, "until_ms", milliseconds() + int(RUN_LEASE_S * 1000))
            return claimed

        return self._transact(renew, [], (name,))

    @reachable
    def run_sign(self, lane: str, key: str, **told: Any) -> bool:
        """Note a sign of life of a claimed run; False if it is not claimed (any more)."""
        name = keys.run(lane, key)

        def note(pipe: Any) -> bool:
            claimed = bool(pipe.hget(name, "status") == "claimed")
            pipe.multi()
            if claimed:
                pipe.hset(name, mapping={"last_heartbeat_at": now()} | told)
            return claimed

        return self._transact(note, [], (name,))

    @reachable
    def run_may_go_on(self, lane: str, key: str) -> bool:
        """The fence: claimed, not told to stop, and still its task's current run."""
        run = self.client.hgetall(keys.run(lane, key))
        if run.get("status") != "claimed" or run.get("stop"):
            return False
        current = self.client.hget(keys.current_runs(lane), _task(json.loads(run["spec"])))
        return bool(current == key)

    @reachable
    def stop_run(self, lane: str, sprint_id: str, task_id: str, attempt: int | None = None) -> bool:
        """Tell the task's current run to stop; False if there is none (of this attempt)."""
        key = self.client.hget(keys.current_runs(lane), f"{sprint_id}/{task_id}")
        run = self.client.hgetall(keys.run(lane, key)) if key else {}
        if run.get("status") not in ("queued", "claimed"):
            return False
        if attempt is not None and json.loads(run["spec"]).get("attempt") != attempt:
            return False
        self.client.hset(keys.run(lane, key), "stop", now())
        return True

    @reachable
    def start_run(self, lane: str, key: str, event: Event, pid: int) -> bool:
        """The agent works: note its pid and tell."""
        name = keys.run(lane, key)

        def start(pipe: Any) -> bool:
            claimed = bool(pipe.hget(name, "status") == "claimed")
            pipe.multi()
            if claimed:
                pipe.hset(name, mapping={"pid": pid, "started_at": now(), "last_heartbeat_at": now()})
                self._put_event(pipe, lane, event | {"at": now()})
            return claimed

        return self._transact(start, [("events", lane)], (name,))

    @reachable
    def finish_run(self, lane: str, key: str, event: Event) -> bool:
        """The run has ended, and the event tells how; False if that was told before."""
        name = keys.run(lane, key)

        def finish(pipe: Any) -> bool:
            live = pipe.hget(name, "status") in ("queued", "claimed")
            pipe.multi()
            if live:
                pipe.hset(name, mapping={"status": "finished", "finished_at": now()})
                pipe.hset(name, "outcome", event.get("outcome") or "")
                pipe.expire(name, _KEPT_S)
                pipe.srem(keys.RUNS, write([lane, key]))
                self._put_event(pipe, lane, event | {"at": now()})
            return bool(live)

        return self._transact(finish, [("events", lane)], (name,))

    @reachable
    def run(self, lane: str, key: str) -> dict[str, Any] | None:
        """A run's record with its `spec`; None if there is none (any more)."""
        found = self.client.hgetall(keys.run(lane, key))
        return found | {"spec": json.loads(found["spec"])} if found.get("spec") else None

    @reachable
    def live_runs(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Lane, key and record of every run that has not ended."""
        pairs = [json.loads(text) for text in self.client.smembers(keys.RUNS)]
        with self.client.pipeline(transaction=False) as pipe:
            for lane, key in pairs:
                pipe.hgetall(keys.run(lane, key))
            found = zip(pairs, pipe.execute() if pairs else [], strict=True)
        return [
            (lane, key, run | {"spec": json.loads(run["spec"])})
            for (lane, key), run in found
            if "spec" in run
        ]

    @reachable
    def enqueue_run(self, lane: str, key: str) -> bool:
        """Ring for a queued run whose job was lost; False if its job still waits."""
        if self.queues.holds_run(lane, key):
            return False
        with self.client.pipeline(transaction=True) as pipe:
            self.queues.enqueue_run(pipe, lane, key)
            pipe.execute()
        return True

    # Signs of life

    @reachable
    def heartbeat(self, agent_id: str, sprint_id: str, **told: Any) -> None:
        """An agent told of itself; the tick reads it."""
        self.client.hset(keys.HEARTBEATS, f"{sprint_id}/{agent_id}", write(told | {"at": now()}))

    @reachable
    def forget_heartbeats(self) -> None:
        """Drop those of agents silent for a day."""
        edge = milliseconds() - _HEARTBEAT_S * 1000
        for name, text in self.client.hgetall(keys.HEARTBEATS).items():
            if _milliseconds_of(json.loads(text)["at"]) < edge:
                self.client.hdel(keys.HEARTBEATS, name)

    @reachable
    def agents_health(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Lane → agent → `{last_heartbeat_at, task_started_at, last_sign_at, attempt, …}` of live runs."""
        told = {name: json.loads(text)["at"] for name, text in self.client.hgetall(keys.HEARTBEATS).items()}
        health: dict[str, dict[str, dict[str, Any]]] = {}
        for lane, _, run in self.live_runs():
            spec = run["spec"]
            beats = [run.get("last_heartbeat_at"), told.get(f"{spec['sprint_id']}/{spec['agent_id']}")]
            health.setdefault(lane, {})[spec["agent_id"]] = {
                "last_heartbeat_at": max(filter(None, beats), default=None),
                "task_started_at": run.get("started_at") or run.get("claimed_at"),
                "last_sign_at": run.get("last_sign_at"),
                "last_line": run.get("last_line"),
                "attempt": spec.get("attempt"),
                "task_id": spec["task_id"],
                "sprint_id": spec["sprint_id"],
                "status": run["status"],
            }
        return health

    @reachable
    def agents(self) -> list[dict[str, Any]]:
        """Every live run as the shell's surface tells it."""
        edge = milliseconds()
        health = self.agents_health()
        return [
            {
                "agent_id": run["spec"]["agent_id"],
                "sprint_id": run["spec"]["sprint_id"],
                "task_id": run["spec"]["task_id"],
                "pid": int(run["pid"]) if run.get("pid") else None,
                "alive": run["status"] == "claimed" and int(run.get("until_ms") or 0) > edge,
                "last_heartbeat": health[lane][run["spec"]["agent_id"]]["last_heartbeat_at"],
            }
            for lane, _, run in self.live_runs()
            if run["spec"]["agent_id"] in health.get(lane, {})
        ]


def _task(spec: Action) -> str:
    return f"{spec['sprint_id']}/{spec['task_id']}"


def _milliseconds_of(at: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(at).timestamp() * 1000)
