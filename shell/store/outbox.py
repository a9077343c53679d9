"""The outbox of a lane: actions by key, each kept until its answer is in the inbox."""

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shell.action import Action
from shell.clock import now
from shell.event import Event
from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.inbox import Inbox
from shell.store.transaction import Transaction, equals

_SOON = (
    "look", "make_labels", "create_issue", "spawn_agent", "stop_agent", "tell_agent", "merge_pr",
    "update_branch",
)  # fmt: skip
_ORDER = {"react": 0} | dict.fromkeys(_SOON, 1)
_LAST = 2
"""First the reaction that a person waits for, then what a sprint waits for, then comments and the rest."""


def is_urgent(action: Action) -> bool:
    """Whether a person or the sprint waits for it, so that its lane is woken up as urgent."""
    return action["type"] in _ORDER


@dataclass(frozen=True)
class Remembered:
    """What the performer of a lane remembers."""

    projected: int
    """The version of the state that was last shown completely."""
    away: dict[str, Any] | None
    """The host that is unavailable: `{host, reason, since, until_ms, tries}`."""
    written: dict[str, str]
    """Object and kind → the situation in which it was last written; `paced` → when and why."""
    restored: str | None = None
    """The sprint that was restored after the store was lost."""


@dataclass(frozen=True)
class Taken:
    """An action that is due, with its number and what is remembered of failed attempts."""

    key: str
    action: Action
    seq: str
    tries: dict[str, Any] = field(default_factory=dict)
    intended: bool = False


def _in_order(found: list[tuple[float, Taken]]) -> list[Taken]:
    """Those that failed least come first, so that one call that always fails does not hold up the others.

    Actions on one object keep their order, unless a failure is known to concern that one call alone.
    """
    failed: dict[Hashable, int] = {}
    turns = []
    for place, taken in sorted(found, key=lambda one: one[0]):
        count, thing = int(taken.tries.get("count") or 0), _object(taken.action)
        turn = max(count, failed.get(thing, 0))
        if "host" not in taken.tries:
            failed[thing] = turn
        turns.append((turn, _ORDER.get(taken.action["type"], _LAST), place, taken))
    return [taken for *_, taken in sorted(turns, key=lambda one: one[:3])]


def _object(action: Action) -> Hashable:
    """The object that an action changes: an issue, a comment, a task's agent; a look changes nothing."""
    if action["type"] == "create_issue":
        return "the issues"
    of = () if action["type"] == "look" else ("number", "pr_number", "comment_id", "task_id")
    fields: Mapping[str, object] = action
    return next((name, fields[name]) for name in (*of, "key") if fields.get(name) is not None)


def _taken(action: str, seq: str, tries: str | None, intent: str | None) -> Taken:
    parsed = json.loads(action)
    return Taken(parsed["key"], parsed, seq, json.loads(tries) if tries else {}, bool(intent))


def paced(what: str) -> str:
    """The field that remembers when a projection was last written."""
    return f"{what} written"


def put_actions(pipe: Any, lane: str, turn: int, actions: Iterable[Action]) -> None:
    """Within a transaction: put actions; one that still waits is replaced, and keeps its place."""
    now_ms = milliseconds()
    for place, action in enumerate(actions):
        key, due = action["key"], now_ms + int(1000 * (action.get("due_in_s") or 0))
        pipe.hset(keys.outbox(lane), key, write(action))
        pipe.hset(keys.outbox_seq(lane), key, f"{turn}.{place}")
        pipe.zadd(keys.outbox_order(lane), {key: turn * 10_000 + place}, nx=True)
        pipe.zadd(keys.outbox_due(lane), {key: due})


class Outbox(Inbox):
    """Actions, their answers, and what the performer remembers."""

    @reachable
    def due_actions(self, lane: str, n: int = 25) -> list[Taken]:
        """The due actions in the order in which they should be performed."""
        due = self.client.zrangebyscore(keys.outbox_due(lane), "-inf", milliseconds())
        if not due:
            return []
        with self.client.pipeline(transaction=True) as pipe:
            pipe.zmscore(keys.outbox_order(lane), due)
            for where in (keys.outbox, keys.outbox_seq, keys.outbox_tries, keys.intents):
                pipe.hmget(where(lane), due)
            rows = zip(*pipe.execute(), strict=True)
        found = [(place or 0.0, _taken(*row)) for place, *row in rows if row[0] and row[1]]
        return _in_order(found)[:n]

    @reachable
    def pending_actions(self, lane: str) -> list[Action]:
        """All unanswered actions in order, due or not."""
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
        """Put the answer into the inbox and remove the action from the outbox, in one transaction.

        An action that was put again under this key meanwhile stays.
        """

        tx = self._transaction()
        pipe = tx.block()
        for event in events:
            self._put_event(pipe, lane, event | {"at": event.get("at") or now()})
        pipe.hdel(keys.intents(lane), taken.key)
        pipe.hdel(keys.outbox_tries(lane), taken.key)
        self._take_out(tx.block(equals(keys.outbox_seq(lane), taken.key, taken.seq)), lane, taken)
        self._note_next_due(tx, lane)
        if events:
            self._enqueue_in(tx, "events", lane, _ORDER.get(taken.action["type"]) == 1)
        tx.run()

    def _take_out(self, pipe: Any, lane: str, taken: Taken) -> None:
        pipe.hdel(keys.outbox(lane), taken.key)
        pipe.hdel(keys.outbox_seq(lane), taken.key)
        pipe.zrem(keys.outbox_order(lane), taken.key)
        pipe.zrem(keys.outbox_due(lane), taken.key)

    @reachable
    def postpone(self, lane: str, taken: Taken, delay_s: float, tries: dict[str, Any]) -> None:
        """Put it back for later, with what is to be remembered of its attempts."""
        tx = self._transaction()
        pipe = tx.block(equals(keys.outbox_seq(lane), taken.key, taken.seq))
        pipe.zadd(keys.outbox_due(lane), {taken.key: milliseconds() + int(delay_s * 1000)})
        pipe.hset(keys.outbox_tries(lane), taken.key, write(tries))
        self._note_next_due(tx, lane)
        tx.run()

    @reachable
    def set_intent(self, lane: str, key: str) -> None:
        """Note that a call begins that must not be repeated blindly."""
        self.client.hset(keys.intents(lane), key, now())

    @reachable
    def intent(self, lane: str, key: str) -> str | None:
        """When the call began whose answer is still missing; None if there is no such call."""
        at: str | None = self.client.hget(keys.intents(lane), key)
        return at

    @reachable
    def intents(self, lane: str) -> dict[str, str]:
        """Every call that began and has no answer yet: action key → when."""
        return dict(self.client.hgetall(keys.intents(lane)))

    # What the performer remembers of a lane

    @reachable
    def put_event(self, lane: str, event: Event) -> None:
        """Put an event of our own into the inbox and wake up a worker."""
        tx = self._transaction()
        self._put_event_in(tx, lane, event)
        tx.run()

    def _put_event_in(self, tx: Transaction, lane: str, event: Event) -> None:
        self._put_event(tx.block(), lane, event | {"at": event.get("at") or now()})
        self._enqueue_in(tx, "events", lane)

    @reachable
    def remembered(self, lane: str) -> Remembered:
        """Everything that the performer remembers of the lane."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hgetall(keys.performing(lane))
            pipe.hgetall(keys.shown(lane))
            about, written = pipe.execute()
        away = json.loads(about["away"]) if about.get("away") else None
        return Remembered(int(about.get("projected") or 0), away, dict(written), about.get("restored"))

    @reachable
    def put_wake_up_action(self, lane: str, action: Action) -> None:
        """Put an action of the performer's own, so that it is woken up when that is due."""
        tx = self._transaction()
        put_actions(tx.block(), lane, 0, [action])
        self._note_next_due(tx, lane)
        tx.run()

    @reachable
    def set_restored(self, lane: str, sprint_id: str) -> None:
        """Note that the lane's sprint was restored, so that earlier intents are unknown."""
        self.client.hset(keys.performing(lane), "restored", sprint_id)

    @reachable
    def restored_from(self, lane: str) -> str | None:
        """The epoch that the lane was restored from; None if it never was."""
        found: str | None = self.client.hget(keys.performing(lane), "restored_from")
        return found

    @reachable
    def set_restored_from(self, lane: str, epoch: str) -> None:
        self.client.hset(keys.performing(lane), "restored_from", epoch)

    @reachable
    def forget_restored(self, lane: str) -> None:
        self.client.hdel(keys.performing(lane), "restored")

    @reachable
    def show_again(self, lane: str, reason: str) -> None:
        """Have what the lane shows written again, once for each reason."""
        if self.client.hget(keys.performing(lane), "shown_again") != reason:
            again = {"shown_again": reason, "projected": -1}
            self.client.hset(keys.performing(lane), mapping=again)

    @reachable
    def set_projected(self, lane: str, version: int) -> None:
        self.client.hset(keys.performing(lane), "projected", version)

    @reachable
    def set_away(self, lane: str, away: dict[str, Any] | None, event: Event | None) -> None:
        """Note that a host is unavailable or back; the event that says so goes into the inbox with it."""
        tx = self._transaction()
        pipe = tx.block()
        if away is None:
            pipe.hdel(keys.performing(lane), "away")
        else:
            pipe.hset(keys.performing(lane), "away", write(away))
            pipe.zadd(keys.DUE, {lane: away["until_ms"]})
        if event:
            self._put_event_in(tx, lane, event)
        tx.run()

    @reachable
    def note_written(self, lane: str, what: str, situation: str, pace: str, event: Event | None) -> None:
        """Note that a projection was written or refused: in which situation, when, why; and put the event."""
        tx = self._transaction()
        tx.block().hset(keys.shown(lane), mapping={what: situation, paced(what): pace})
        if event:
            self._put_event_in(tx, lane, event)
        tx.run()

    @reachable
    def forget_written(self, lane: str, whats: list[str]) -> None:
        """Forget projections that are right again, so that they are written if they go wrong again."""
        if whats:
            self.client.hdel(keys.shown(lane), *whats)
