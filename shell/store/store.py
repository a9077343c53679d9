"""All parts of the store in one."""

import json
from datetime import UTC, datetime
from typing import Any

from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.lanes import Lanes
from shell.store.leases import Leases
from shell.store.runs import Runs

_FORGOTTEN_S = 3600
QUEUES = ("events", "actions", "agents")


class Store(Lanes, Runs, Leases):
    """The store as every process uses it; each method raises Unavailable when it cannot be reached."""

    @reachable
    def alive(self, process: str) -> None:
        """A process tells that it lives."""
        self.client.hset(keys.PROCESSES, process, milliseconds())

    @reachable
    def gone(self, process: str) -> None:
        """A process tells that it ends as it should."""
        self.client.hdel(keys.PROCESSES, process)

    @reachable
    def health(self) -> dict[str, Any]:
        """`{ok, queue_age_s: {queue: s}, processes: {name: s since it told of itself}, lanes, runs, …}`."""
        self.client.ping()
        return {
            "ok": True,
            "queue_age_s": {name: _age(self.bell.oldest(name)) for name in QUEUES},
            "processes": self._processes(),
            "lanes": int(self.client.scard(keys.LANES)),
            "runs": int(self.client.scard(keys.RUNS)),
            "dead_letters": int(self.client.zcard(keys.DEAD)),
        }

    def _processes(self) -> dict[str, float]:
        moment = milliseconds()
        told = self.client.hgetall(keys.PROCESSES)
        ages = {name: max(0.0, (moment - int(at)) / 1000) for name, at in told.items()}
        return {name: age for name, age in ages.items() if age < _FORGOTTEN_S}

    @reachable
    def lanes_due(self) -> list[str]:
        """Lanes of which an action is due; each is not named again for five seconds."""
        moment = milliseconds()
        due: list[str] = self.client.zrangebyscore(keys.DUE, "-inf", moment)
        if due:
            self.client.zadd(keys.DUE, dict.fromkeys(due, moment + 5000), xx=True)
        return due

    @reachable
    def lanes_waiting(self) -> tuple[list[str], list[str]]:
        """Lanes with events in their inbox, and lanes whose state was not shown yet."""
        lanes = self.lanes()
        with self.client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.llen(keys.inbox(lane))
                pipe.hget(keys.lane_meta(lane), "version")
                pipe.hget(keys.performing(lane), "projected")
            told = pipe.execute() if lanes else []
        rows = list(zip(lanes, told[0::3], told[1::3], told[2::3], strict=True))
        unshown = [lane for lane, _, version, shown in rows if int(version or 0) != int(shown or 0)]
        return [lane for lane, events, *_ in rows if events], unshown

    @reachable
    def account(self, forge: str) -> dict[str, Any] | None:
        """Our account on a forge, as it was last told; None if it was never asked."""
        text = self.client.get(keys.account(forge))
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found

    @reachable
    def set_account(self, forge: str, account: dict[str, Any]) -> None:
        self.client.set(keys.account(forge), write(account))


def _age(at: str | None) -> float:
    if not at:
        return 0.0
    moment = datetime.fromisoformat(at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())
