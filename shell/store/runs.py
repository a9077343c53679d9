"""The agents' runs: each is claimed only once, under a lease that its worker renews."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shell.agent.outcome import WorkLeft
from shell.agent.prices import charged_usd
from shell.budget import MICRO
from shell.clock import now
from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.outbox import Outbox, Taken
from shell.store.transaction import Transaction, absent, differs, equals

if TYPE_CHECKING:
    from stages.world import AgentFinished, AgentSigns, AgentStarted, RunSpec, Spent, TellAgent

RUN_LEASE_S = 15.0
_KEPT_S = 7 * 24 * 3600
_HEARTBEAT_S = 24 * 3600
_CHOSEN_MS = 10_000
_SPENT_S = 3 * 24 * 3600
_MOST_USED = 10**12
"""More than any run can use: what an agent reports must not stop the bot for longer than a day."""


class Runs(Outbox):
    """Run records: `status` queued, claimed or finished."""

    @reachable
    def queue_run(self, lane: str, taken: Taken, spec: RunSpec) -> bool:
        """Turn the action into a run that waits for a worker; False if there was one already."""
        name = keys.run(lane, taken.key)
        tx = self._transaction()
        queued = tx.block(absent(name))
        queued.hset(name, mapping={"status": "queued", "spec": write(spec), "queued_at": now()})
        queued.hset(keys.current_runs(lane), _task(spec), taken.key)
        queued.sadd(keys.RUNS, write([lane, taken.key]))
        self.queues.enqueue_run(queued, lane, taken.key)
        tx.block().hdel(keys.outbox_tries(lane), taken.key)
        self._take_out(tx.block(equals(keys.outbox_seq(lane), taken.key, taken.seq)), lane, taken)
        self._note_next_due(tx, lane)
        return tx.run().done[0]

    @reachable
    def choose_run(self, may_start: Callable[[str], bool]) -> tuple[str, str] | None:
        """Lane and key of the queued run whose turn it is, reserved for the caller; None if there is none.

        Repositories take turns: first comes the one whose last start is longest ago, and of its runs the one
        that was queued first. A stopped run is chosen too, so that its end is noted.
        """
        turns = self.client.hgetall(keys.TURNS)
        queued = [one for one in self.live_runs() if one[2]["status"] == "queued"]
        queued.sort(key=lambda one: (int(turns.get(one[0]) or 0), one[2].get("queued_at") or ""))
        for lane, key, run in queued:
            if (run.get("stop") or may_start(lane)) and self.client.set(
                keys.chosen_run(lane, key), 1, nx=True, px=_CHOSEN_MS
            ):
                self.client.hset(keys.TURNS, lane, milliseconds())
                return lane, key
        return None

    @reachable
    def spent(self, day: str) -> dict[str, int]:
        """What the runs used that ended on this day, by `spent_key`: tokens, and millionths of a dollar."""
        return {name: int(amount) for name, amount in self.client.hgetall(keys.spent(day)).items()}

    def spent_in(self, lane: str, day: str) -> Spent:
        """What the agents of one repository used that ended on this day."""
        spent = self.spent(day)
        return {
            "tokens": spent.get(spent_key(lane, "tokens"), 0),
            "usd": spent.get(spent_key(lane, "usd"), 0),
        }

    def _count_cost(self, pipe: Any, lane: str, event: AgentFinished) -> None:
        cost = event.get("cost") or {}
        used = {"tokens": cost.get("tokens"), "usd": _millionths(charged_usd(cost))}
        facts = json.loads(self.client.hget(keys.REPOSITORIES, lane) or "{}")
        name = keys.spent(now()[:10])
        for unit, amount in used.items():
            if type(amount) is int and amount > 0:
                for whose in ("all", owner_key(lane, facts.get("owner_id")), lane):
                    pipe.hincrby(name, spent_key(whose, unit), min(amount, _MOST_USED))
                pipe.expire(name, _SPENT_S)

    @reachable
    def claim_run(self, lane: str, key: str, worker: str) -> RunSpec | None:
        """The run's spec, for whoever claims it first; None for everyone after."""
        name, until = keys.run(lane, key), milliseconds() + int(RUN_LEASE_S * 1000)
        tx = self._transaction()
        tx.require(equals(name, "status", "queued"))
        claimed = {"status": "claimed", "worker": worker, "claimed_at": now(), "until_ms": until}
        tx.block().hset(name, mapping=claimed)
        if tx.run().failed:
            return None
        found: RunSpec = json.loads(self.client.hget(name, "spec"))
        return found

    @reachable
    def renew_run(self, lane: str, key: str) -> bool:
        """Extend the run's lease; False if it is not claimed (any more)."""
        return self._note_claimed(lane, key, until_ms=milliseconds() + int(RUN_LEASE_S * 1000))

    @reachable
    def run_sign(self, lane: str, key: str, **fields: Any) -> bool:
        """Note a sign of life of a claimed run; False if it is not claimed (any more)."""
        return self._note_claimed(lane, key, last_heartbeat_at=now(), **fields)

    def _note_claimed(self, lane: str, key: str, **fields: Any) -> bool:
        tx = self._while_claimed(lane, key)
        tx.block().hset(keys.run(lane, key), mapping=fields)
        return not tx.run().failed

    def _while_claimed(self, lane: str, key: str) -> Transaction:
        tx = self._transaction()
        tx.require(equals(keys.run(lane, key), "status", "claimed"))
        return tx

    @reachable
    def run_may_go_on(self, lane: str, key: str) -> bool:
        """Whether the run is claimed, not stopped, and still its task's current run."""
        run = self.client.hgetall(keys.run(lane, key))
        if run.get("status") != "claimed" or run.get("stop"):
            return False
        current = self.client.hget(keys.current_runs(lane), _task(json.loads(run["spec"])))
        return bool(current == key)

    @reachable
    def stop_run(
        self, lane: str, sprint_id: str, task_id: str, attempt: int | None = None, drop: bool = False
    ) -> bool:
        """Tell the task's current run to stop; False if there is none (of this attempt)."""
        key = self.client.hget(keys.current_runs(lane), f"{sprint_id}/{task_id}")
        run = self.client.hgetall(keys.run(lane, key)) if key else {}
        if run.get("status") not in ("queued", "claimed"):
            return False
        if attempt is not None and json.loads(run["spec"]).get("attempt") != attempt:
            return False
        self.client.hset(keys.run(lane, key), mapping={"stop": now(), "drop": int(drop)})
        return True

    @reachable
    def work_of_run(self, lane: str, key: str) -> WorkLeft:
        """What becomes of the work of a run that may not go on."""
        run = self.client.hgetall(keys.run(lane, key))
        if run.get("drop") == "1" or "spec" not in run:
            return "drop"
        current = self.client.hget(keys.current_runs(lane), _task(json.loads(run["spec"])))
        return "push" if run.get("status") == "claimed" and current == key else "leave"

    @reachable
    def tell_run(self, lane: str, action: TellAgent) -> bool:
        """Leave words for the task's current run, also one that waits for a worker. Once per action.

        False if there is none of this attempt.
        """
        task = f"{action['sprint_id']}/{action['task_id']}"
        key = self.client.hget(keys.current_runs(lane), task)
        run = self.client.hgetall(keys.run(lane, key)) if key else {}
        if run.get("status") not in ("queued", "claimed"):
            return False
        if json.loads(run["spec"]).get("attempt") != action["attempt"]:
            return False
        name = keys.told(lane, key)
        if action["key"] in {json.loads(one)[0] for one in self.client.lrange(name, 0, -1)}:
            return True
        tx = self._transaction()
        for ended in ("", "finished"):
            tx.require(differs(keys.run(lane, key), "status", ended))
        pipe = tx.block()
        pipe.rpush(name, write([action["key"], action["text"]]))
        pipe.expire(name, _KEPT_S)
        return not tx.run().failed

    @reachable
    def told_run(self, lane: str, key: str, heard: int) -> list[str]:
        """What people told this run, behind the first `heard` texts."""
        return [json.loads(one)[1] for one in self.client.lrange(keys.told(lane, key), heard, -1)]

    @reachable
    def start_run(self, lane: str, key: str, event: AgentStarted, pid: int) -> bool:
        """Note that the agent has started, and put the event."""
        tx = self._while_claimed(lane, key)
        pipe = tx.block()
        pipe.hset(keys.run(lane, key), mapping={"pid": pid, "started_at": now(), "last_heartbeat_at": now()})
        self._put_event(pipe, lane, {**event, "at": now()})
        self._enqueue_in(tx, "events", lane)
        return not tx.run().failed

    @reachable
    def finish_run(self, lane: str, key: str, event: AgentFinished) -> bool:
        """Note that the run has ended, and put the event; False if it had ended before."""
        name = keys.run(lane, key)
        tx = self._transaction()
        for ended in ("", "finished"):
            tx.require(differs(name, "status", ended))
        pipe = tx.block()
        pipe.hset(name, mapping={"status": "finished", "finished_at": now(), "outcome": event["outcome"]})
        pipe.expire(name, _KEPT_S)
        pipe.srem(keys.RUNS, write([lane, key]))
        self._count_cost(pipe, lane, event)
        self._put_event(pipe, lane, {**event, "at": now()})
        self._enqueue_in(tx, "events", lane)
        return not tx.run().failed

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
        """Enqueue the job of a queued run again if it was lost; False if it still waits."""
        if self.queues.holds_run(lane, key):
            return False
        tx = self._transaction()
        self.queues.enqueue_run(tx.block(), lane, key)
        tx.run()
        return True

    # Heartbeats

    @reachable
    def heartbeat(self, agent_id: str, sprint_id: str, **fields: Any) -> None:
        """Store an agent's heartbeat, for the tick."""
        self.client.hset(keys.HEARTBEATS, f"{sprint_id}/{agent_id}", write(fields | {"at": now()}))

    @reachable
    def forget_heartbeats(self) -> None:
        """Remove heartbeats older than a day."""
        edge = milliseconds() - _HEARTBEAT_S * 1000
        for name, text in self.client.hgetall(keys.HEARTBEATS).items():
            if _milliseconds_of(json.loads(text)["at"]) < edge:
                self.client.hdel(keys.HEARTBEATS, name)

    @reachable
    def agents_health(self) -> dict[str, dict[str, AgentSigns]]:
        """Lane → agent → `{last_heartbeat_at, task_started_at, last_sign_at, attempt, …}` of live runs."""
        beats_at = {
            name: json.loads(text)["at"] for name, text in self.client.hgetall(keys.HEARTBEATS).items()
        }
        health: dict[str, dict[str, AgentSigns]] = {}
        for lane, _, run in self.live_runs():
            spec = run["spec"]
            beats = [run.get("last_heartbeat_at"), beats_at.get(f"{spec['sprint_id']}/{spec['agent_id']}")]
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
        """Every live run, as `GET /status` shows it."""
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


def _millionths(usd: object) -> int | None:
    """Dollars as the counter holds them; None for what is no amount."""
    if isinstance(usd, int | float) and not isinstance(usd, bool) and 0 < usd < _MOST_USED / MICRO:
        return round(usd * MICRO)
    return None


def spent_key(whose: str, unit: str) -> str:
    """The name of a day's counter: of `all`, an owner, or a lane."""
    return whose if unit == "tokens" else f"{whose}:{unit}"


def owner_key(lane: str, owner_id: int | None) -> str:
    """An owner on a forge, as what its agents use is counted for it."""
    return f"{lane.partition('-')[0]}:{owner_id}"


def _task(spec: RunSpec) -> str:
    return f"{spec['sprint_id']}/{spec['task_id']}"


def _milliseconds_of(at: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(at).timestamp() * 1000)
