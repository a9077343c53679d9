"""The outbox of a lane: actions by their key, each until its answer is in the inbox."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shell.action import Action
from shell.clock import now
from shell.event import Event
from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.inbox import Inbox

_FIRST = ("react",)
"""Types that go before all others: people wait for a sign."""


@dataclass(frozen=True)
class Taken:
    """An action that is due: which put of its key it is, and what its failed tries left."""

    key: str
    action: Action
    seq: str
    tries: dict[str, Any] = field(default_factory=dict)
    intended: bool = False


def put_actions(pipe: Any, lane: str, turn: int, actions: Iterable[Action]) -> None:
    """Put actions into a transaction; one that still waits is replaced and keeps its place."""
    moment = milliseconds()
    for place, action in enumerate(actions):
        key, due = action["key"], moment + int(1000 * (action.get("due_in_s") or 0))
        pipe.hset(keys.outbox(lane), key, write(action))
        pipe.hset(keys.outbox_seq(lane), key, f"{turn}.{place}")
        pipe.zadd(keys.outbox_order(lane), {key: turn * 10_000 + place}, nx=True)
        pipe.zadd(keys.outbox_due(lane), {key: due})
        pipe.hdel(keys.outbox_tries(lane), key)


class Outbox(Inbox):
    """Actions, their answers, and what the performer remembers."""

    @reachable
    def due_actions(self, lane: str, n: int = 25) -> list[Taken]:
        """The due actions in order, reactions first."""
        due = self.client.zrangebyscore(keys.outbox_due(lane), "-inf", milliseconds())
        if not due:
            return []
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hmget(keys.outbox(lane), due)
            pipe.zmscore(keys.outbox_order(lane), due)
            actions, order = pipe.execute()
        found = [(json.loads(text), place or 0.0) for text, place in zip(actions, order, strict=True) if text]
        found.sort(key=lambda one: (one[0]["type"] not in _FIRST, one[1]))
        return self._taken(lane, [action for action, _ in found[:n]])

    def _taken(self, lane: str, actions: list[Action]) -> list[Taken]:
        names = [action["key"] for action in actions]
        with self.client.pipeline(transaction=True) as pipe:
            for where in (keys.outbox_seq(lane), keys.outbox_tries(lane), keys.intents(lane)):
                pipe.hmget(where, names)
            rows = zip(actions, *pipe.execute(), strict=True)
        return [
            Taken(action["key"], action, seq, json.loads(tries) if tries else {}, bool(intent))
            for action, seq, tries, intent in rows
            if seq
        ]

    @reachable
    def pending_actions(self, lane: str) -> list[Action]:
        """All actions that are not answered, in order, due or not."""
        order = self.client.zrange(keys.outbox_order(lane), 0, -1)
        texts = self.client.hmget(keys.outbox(lane), order) if order else []
        return [json.loads(text) for text in texts if text]

    @reachable
    def next_due(self, lane: str) -> int | None:
        """When the next action of the lane is due, in milliseconds; None if there is none."""
        moment = self.client.zscore(keys.DUE, lane)
        return None if moment is None else int(moment)

    @reachable
    def answer(self, lane: str, taken: Taken, *events: Event) -> None:
        """The answer goes into the inbox and the action out of the outbox, all or nothing.

        An action put anew under this key meanwhile stays.
        """

        def move(pipe: Any) -> None:
            newest = pipe.hget(keys.outbox_seq(lane), taken.key) == taken.seq
            pipe.multi()
            self._answer(pipe, lane, taken, newest, events)

        rings = [("events", lane)] if events else []
        self._ringing(move, rings, (keys.outbox_seq(lane),))

    def _answer(self, pipe: Any, lane: str, taken: Taken, newest: bool, events: Iterable[Event]) -> None:
        for event in events:
            self._put_event(pipe, lane, event | {"at": event.get("at") or now()})
        pipe.hdel(keys.intents(lane), taken.key)
        pipe.hdel(keys.outbox_tries(lane), taken.key)
        if newest:
            pipe.hdel(keys.outbox(lane), taken.key)
            pipe.hdel(keys.outbox_seq(lane), taken.key)
            pipe.zrem(keys.outbox_order(lane), taken.key)
            pipe.zrem(keys.outbox_due(lane), taken.key)
        self._note_next_due(pipe, lane)

    @reachable
    def postpone(self, lane: str, taken: Taken, delay_s: float, tries: dict[str, Any]) -> None:
        """Put it back for later, with what is to be remembered of its tries."""

        def back(pipe: Any) -> None:
            newest = pipe.hget(keys.outbox_seq(lane), taken.key) == taken.seq
            pipe.multi()
            if newest:
                pipe.zadd(keys.outbox_due(lane), {taken.key: milliseconds() + int(delay_s * 1000)})
                pipe.hset(keys.outbox_tries(lane), taken.key, write(tries))
            self._note_next_due(pipe, lane)

        self._ringing(back, [], (keys.outbox_seq(lane),))

    @reachable
    def set_intent(self, lane: str, key: str) -> None:
        """Written before a call that cannot be repeated blindly."""
        self.client.hset(keys.intents(lane), key, now())

    @reachable
    def intent(self, lane: str, key: str) -> str | None:
        """When the call was begun whose answer never came in; None if it was not."""
        at: str | None = self.client.hget(keys.intents(lane), key)
        return at

    # What the performer remembers of a lane

    @reachable
    def put_event(self, lane: str, event: Event) -> None:
        """An event of our own into the inbox, with a ring."""

        def keep(pipe: Any) -> None:
            pipe.multi()
            self._put_event(pipe, lane, event | {"at": event.get("at") or now()})

        self._ringing(keep, [("events", lane)])

    @reachable
    def projected(self, lane: str) -> int:
        """The version of the state that was last shown whole."""
        return int(self.client.hget(keys.performing(lane), "projected") or 0)

    @reachable
    def set_projected(self, lane: str, version: int) -> None:
        self.client.hset(keys.performing(lane), "projected", version)

    @reachable
    def away(self, lane: str) -> dict[str, Any] | None:
        """The host that does not answer: `{host, reason, since, until_ms, tries}`; None if all is well."""
        text = self.client.hget(keys.performing(lane), "away")
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found

    @reachable
    def set_away(self, lane: str, away: dict[str, Any] | None, event: Event | None) -> None:
        """Note that a host is away or back; the event that says so goes into the inbox with it."""

        def note(pipe: Any) -> None:
            pipe.multi()
            if away is None:
                pipe.hdel(keys.performing(lane), "away")
            else:
                pipe.hset(keys.performing(lane), "away", write(away))
                pipe.zadd(keys.DUE, {lane: away["until_ms"]})
            if event:
                self._put_event(pipe, lane, event | {"at": now()})

        self._ringing(note, [("events", lane)] if event else [])

    @reachable
    def written(self, lane: str) -> dict[str, str]:
        """Object and kind → the situation in which the projection was last written."""
        return dict(self.client.hgetall(keys.shown(lane)))

    @reachable
    def note_written(self, lane: str, what: str, situation: str, event: Event | None) -> None:
        """A projection was written (or refused): remember for which situation, and tell."""

        def note(pipe: Any) -> None:
            pipe.multi()
            pipe.hset(keys.shown(lane), what, situation)
            if event:
                self._put_event(pipe, lane, event | {"at": event.get("at") or now()})

        self._ringing(note, [("events", lane)] if event else [])

    @reachable
    def forget_written(self, lane: str, whats: list[str]) -> None:
        """What is right again is written anew when it goes wrong again."""
        if whats:
            self.client.hdel(keys.shown(lane), *whats)
