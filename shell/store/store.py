"""The store: all its parts in one class."""

import json
from collections import defaultdict
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any

from shell.forge.protocol import Account
from shell.queue import QUEUES
from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.lanes import Lanes
from shell.store.leases import Leases
from shell.store.repositories import Repositories
from shell.store.runs import Runs

_FORGOTTEN_S = 3600


class Store(Lanes, Runs, Leases, Repositories):
    """The store as every process uses it; each method raises Unavailable if it cannot be reached."""

    @reachable
    def alive(self, process: str) -> None:
        """Heartbeat of a process."""
        self.client.hset(keys.PROCESSES, process, milliseconds())

    @reachable
    def gone(self, process: str) -> None:
        """A process ends on purpose."""
        self.client.hdel(keys.PROCESSES, process)
        self.client.hdel(keys.WALLS, process)
        self.client.hdel(keys.LOGINS, process)
        self.client.hdel(keys.NOT_HERE, process)

    @reachable
    def walls(self, processes: Container[str] | None = None) -> dict[str, dict[str, str]]:
        """How agents run, by the living processes that run them: `{state, words}`."""
        living = self._processes() if processes is None else processes
        reports = self.client.hgetall(keys.WALLS).items()
        return {name: json.loads(text) for name, text in reports if name in living}

    @reachable
    def report_walls(self, process: str, state: str, words: str) -> None:
        """How agents run in this process: the state, and the sentence for people."""
        self.client.hset(keys.WALLS, process, write({"state": state, "words": words}))

    @reachable
    def logins(self) -> dict[str, str]:
        """Framework → what changes with its key or login, of the living processes that run agents."""
        living, found = self._processes(), defaultdict[str, set[str]](set)
        for name, text in self.client.hgetall(keys.LOGINS).items():
            for framework, mark in json.loads(text).items() if name in living else ():
                found[framework].add(mark)
        return {framework: "+".join(sorted(marks)) for framework, marks in sorted(found.items())}

    @reachable
    def report_logins(self, process: str, logins: Mapping[str, str]) -> None:
        """What the keys and logins are known by that this process gives to agents."""
        self.client.hset(keys.LOGINS, process, write(dict(logins)))

    @reachable
    def not_here(self) -> dict[str, str]:
        """Framework → what to do, of those that can work with no living process that runs agents."""
        living = self._processes()
        told = {name: json.loads(text) for name, text in self.client.hgetall(keys.NOT_HERE).items()}
        found = [lacks for name, lacks in told.items() if name in living]
        first = found[0] if found else {}
        return {name: words for name, words in first.items() if all(name in one for one in found)}

    @reachable
    def report_not_here(self, process: str, lacks: Mapping[str, str]) -> None:
        """Which frameworks cannot work with this process, and what to do."""
        self.client.hset(keys.NOT_HERE, process, write(dict(lacks)))

    @reachable
    def health(self) -> dict[str, Any]:
        """`{ok, queue_age_s: {queue: s}, processes: {name: s since its heartbeat}, walls, …}`.

        `walls` is how agents run, by the processes that run them: `{state, words}`.

        Besides the queues, it gives the age of the work itself: `inboxes` is the oldest waiting event of any
        lane, `outboxes` the oldest overdue action. While a lane's host is away its actions wait on
        purpose, for a forge that does not answer is not the bot's fault: they are overdue from when it
        should have been asked again.
        """
        self.client.ping()
        processes = self._processes()
        return {
            "ok": True,
            "queue_age_s": self._ages_of_jobs() | self._ages_of_work(),
            "processes": processes,
            "walls": self.walls(processes),
            "lanes": int(self.client.scard(keys.LANES)),
            "runs": int(self.client.scard(keys.RUNS)),
            "dead_letters": int(self.client.zcard(keys.DEAD)),
        }

    def _ages_of_jobs(self) -> dict[str, float]:
        return {name: _age(self.queues.oldest_at(name)) for name in QUEUES}

    def _ages_of_work(self) -> dict[str, float]:
        """In one round trip, however many lanes there are."""
        lanes = sorted(self.client.smembers(keys.LANES))
        with self.client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.lindex(keys.inbox(lane), 0)
                pipe.zrange(keys.outbox_due(lane), 0, 0, withscores=True)
                pipe.hget(keys.performing(lane), "away")
            results = pipe.execute() if lanes else []
        now_ms = milliseconds()
        events = [_age(datetime.fromisoformat(json.loads(text)["at"])) for text in results[0::3] if text]
        boxes = zip(results[1::3], results[2::3], strict=True)
        actions = [(now_ms - max(first[0][1], _until(away))) / 1000 for first, away in boxes if first]
        return {"inboxes": max(events, default=0.0), "outboxes": max([0.0, *actions])}

    def _processes(self) -> dict[str, float]:
        now_ms = milliseconds()
        beats = self.client.hgetall(keys.PROCESSES)
        ages = {name: max(0.0, (now_ms - int(at)) / 1000) for name, at in beats.items()}
        return {name: age for name, age in ages.items() if age < _FORGOTTEN_S}

    @reachable
    def lanes_due(self) -> list[str]:
        """Lanes with an action that is due; each is returned at most once in five seconds."""
        now_ms = milliseconds()
        due: list[str] = self.client.zrangebyscore(keys.DUE, "-inf", now_ms)
        if due:
            self.client.zadd(keys.DUE, dict.fromkeys(due, now_ms + 5000), xx=True)
        return due

    @reachable
    def lanes_waiting(self) -> tuple[list[str], list[str]]:
        """Lanes with events in their inbox, and lanes whose current state is not shown yet."""
        lanes = self.lanes()
        with self.client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.llen(keys.inbox(lane))
                pipe.hget(keys.lane_meta(lane), "version")
                pipe.hget(keys.performing(lane), "projected")
            results = pipe.execute() if lanes else []
        rows = list(zip(lanes, results[0::3], results[1::3], results[2::3], strict=True))
        unshown = [lane for lane, _, version, shown in rows if int(version or 0) != int(shown or 0)]
        return [lane for lane, events, *_ in rows if events], unshown

    @reachable
    def short_since(self) -> str | None:
        """Since when the machine is short of disk space; None if it is not."""
        since: str | None = self.client.get(keys.SHORT)
        return since

    @reachable
    def set_short(self, since: str | None) -> str:
        """Note since when it is, or that it is not any more."""
        if since is None:
            self.client.delete(keys.SHORT)
            return ""
        self.client.set(keys.SHORT, since)
        return since

    @reachable
    def account(self, forge: str) -> Account | None:
        """Our account on a forge as last fetched; None if it never was."""
        text = self.client.get(keys.account(forge))
        found: Account | None = json.loads(text) if text else None
        return found

    @reachable
    def installation(self, proposed: str) -> str:
        """The id of this installation: the one that is known, else this."""
        self.client.set(keys.INSTALLATION, proposed, nx=True)
        return str(self.client.get(keys.INSTALLATION))

    @reachable
    def set_account(self, forge: str, account: Account) -> None:
        self.client.set(keys.account(forge), write(account))


def _until(away: str | None) -> int:
    """Until when an unavailable host is not asked again."""
    return int(json.loads(away)["until_ms"]) if away else 0


def _age(at: datetime | None) -> float:
    """Seconds since then; RQ's times without a time zone are UTC."""
    if at is None:
        return 0.0
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())
