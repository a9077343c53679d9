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
from shell.store.transaction import Transaction, equals, next_due

_ORDER = {"react": 0} | dict.fromkeys(
    ("look", "make_labels", "create_issue", "spawn_agent", "stop_agent", "merge_pr", "update_branch"), 1
)
_LAST = 2
"""First the sign that a person waits for, then what a sprint waits for, then the words on it."""


def goes_first(action: Action) -> bool:
    """Whether someone or something waits for it: its lane has its turn before those with other work."""
    return action["type"] in _ORDER


@dataclass(frozen=True)
class Remembered:
    """What the performer of a lane remembers."""

    projected: int
    """The version of the state that was last shown whole."""
    away: dict[str, Any] | None
    """The host that does not answer: `{host, reason, since, until_ms, tries}`."""
    written: dict[str, str]
    """Object and kind → the situation in which the projection was last written; `paced` → when and why."""
    restored: str | None = None
    """The sprint that was restored after the store was lost."""


@dataclass(frozen=True)
class Taken:
    """An action that is due: which put of its key it is, and what its failed tries left."""

    key: str
    action: Action
    seq: str
    tries: dict[str, Any] = field(default_factory=dict)
    intended: bool = False


def _in_turn(found: list[tuple[float, Taken]]) -> list[Taken]:
    """First what failed least, so that no call that never answers keeps the others from theirs.

    What is done to one thing keeps its order meanwhile, unless a failure is known to be that one call's own.
    """
    failed: dict[Any, int] = {}
    turns = []
    for place, taken in sorted(found, key=lambda one: one[0]):
        count, thing = int(taken.tries.get("count") or 0), _thing(taken.action)
        turn = max(count, failed.get(thing, 0))
        if "host" not in taken.tries:
            failed[thing] = turn
        turns.append((turn, _ORDER.get(taken.action["type"], _LAST), place, taken))
    return [taken for *_, taken in sorted(turns, key=lambda one: one[:3])]


def _thing(action: Action) -> Any:
    """What an action changes: an issue, a comment, a task's agent; a look changes nothing."""
    if action["type"] == "create_issue":
        return "the issues"
    of = () if action["type"] == "look" else ("number", "pr_number", "comment_id", "task_id")
    names = (*of, "key")
    return next((name, action[name]) for name in names if action.get(name) is not None)


def _taken(action: str, seq: str, tries: str | None, intent: str | None) -> Taken:
    told = json.loads(action)
    return Taken(told["key"], told, seq, json.loads(tries) if tries else {}, bool(intent))


def paced(what: str) -> str:
    """Under which name it is remembered when a projection was last written."""
    return f"{what} written"


def put_actions(pipe: Any, lane: str, turn: int, actions: Iterable[Action]) -> None:
    """Put actions into a transaction; one that still waits is replaced, and keeps its place and its tries."""
    moment = milliseconds()
    for place, action in enumerate(actions):
        key, due = action["key"], moment + int(1000 * (action.get("due_in_s") or 0))
        pipe.hset(keys.outbox(lane), key, write(action))
        pipe.hset(keys.outbox_seq(lane), key, f"{turn}.{place}")
        pipe.zadd(keys.outbox_order(lane), {key: turn * 10_000 + place}, nx=True)
        pipe.zadd(keys.outbox_due(lane), {key: due})


class Outbox(Inbox):
    """Actions, their answers, and what the performer remembers."""

    @reachable
    def due_actions(self, lane: str, n: int = 25) -> list[Taken]:
        """The due actions in their turn, first those that something waits for."""
        due = self.client.zrangebyscore(keys.outbox_due(lane), "-inf", milliseconds())
        if not due:
            return []
        with self.client.pipeline(transaction=True) as pipe:
            pipe.zmscore(keys.outbox_order(lane), due)
            for where in (keys.outbox, keys.outbox_seq, keys.outbox_tries, keys.intents):
                pipe.hmget(where(lane), due)
            rows = zip(*pipe.execute(), strict=True)
        found = [(place or 0.0, _taken(*row)) for place, *row in rows if row[0] and row[1]]
        return _in_turn(found)[:n]

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

        whole = Transaction(self.client)
        pipe = whole.block()
        for event in events:
            self._put_event(pipe, lane, event | {"at": event.get("at") or now()})
        pipe.hdel(keys.intents(lane), taken.key)
        pipe.hdel(keys.outbox_tries(lane), taken.key)
        self._take_out(whole.block(equals(keys.outbox_seq(lane), taken.key, taken.seq)), lane, taken)
        next_due(whole.block(), keys.outbox_due(lane), keys.DUE, lane)
        if events:
            self._enqueue_in(whole, "events", lane, _ORDER.get(taken.action["type"]) == 1)
        whole.run()

    def _take_out(self, pipe: Any, lane: str, taken: Taken) -> None:
        pipe.hdel(keys.outbox(lane), taken.key)
        pipe.hdel(keys.outbox_seq(lane), taken.key)
        pipe.zrem(keys.outbox_order(lane), taken.key)
        pipe.zrem(keys.outbox_due(lane), taken.key)

    @reachable
    def postpone(self, lane: str, taken: Taken, delay_s: float, tries: dict[str, Any]) -> None:
        """Put it back for later, with what is to be remembered of its tries."""
        whole = Transaction(self.client)
        pipe = whole.block(equals(keys.outbox_seq(lane), taken.key, taken.seq))
        pipe.zadd(keys.outbox_due(lane), {taken.key: milliseconds() + int(delay_s * 1000)})
        pipe.hset(keys.outbox_tries(lane), taken.key, write(tries))
        next_due(whole.block(), keys.outbox_due(lane), keys.DUE, lane)
        whole.run()

    @reachable
    def set_intent(self, lane: str, key: str) -> None:
        """Written before a call that cannot be repeated blindly."""
        self.client.hset(keys.intents(lane), key, now())

    @reachable
    def intent(self, lane: str, key: str) -> str | None:
        """When the call was begun whose answer never came in; None if it was not."""
        at: str | None = self.client.hget(keys.intents(lane), key)
        return at

    @reachable
    def intents(self, lane: str) -> dict[str, str]:
        """Every call that was begun and has no answer yet: action key → when."""
        return dict(self.client.hgetall(keys.intents(lane)))

    # What the performer remembers of a lane

    @reachable
    def put_event(self, lane: str, event: Event) -> None:
        """An event of our own into the inbox, with a ring."""
        whole = Transaction(self.client)
        self._tell_in(whole, lane, event)
        whole.run()

    def _tell_in(self, whole: Transaction, lane: str, event: Event) -> None:
        self._put_event(whole.block(), lane, event | {"at": event.get("at") or now()})
        self._enqueue_in(whole, "events", lane)

    @reachable
    def remembered(self, lane: str) -> Remembered:
        """All that the performer remembers of the lane."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hgetall(keys.performing(lane))
            pipe.hgetall(keys.shown(lane))
            about, written = pipe.execute()
        away = json.loads(about["away"]) if about.get("away") else None
        return Remembered(int(about.get("projected") or 0), away, dict(written), about.get("restored"))

    @reachable
    def come_again(self, lane: str, action: Action) -> None:
        """Put in an action of the performer's own, which brings it back when it is due."""
        whole = Transaction(self.client)
        put_actions(whole.block(), lane, 0, [action])
        next_due(whole.block(), keys.outbox_due(lane), keys.DUE, lane)
        whole.run()

    @reachable
    def set_restored(self, lane: str, sprint_id: str) -> None:
        """Note that the lane's sprint is restored: what was intended before is not known any more."""
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
    def set_projected(self, lane: str, version: int) -> None:
        self.client.hset(keys.performing(lane), "projected", version)

    @reachable
    def set_away(self, lane: str, away: dict[str, Any] | None, event: Event | None) -> None:
        """Note that a host is away or back; the event that says so goes into the inbox with it."""
        whole = Transaction(self.client)
        pipe = whole.block()
        if away is None:
            pipe.hdel(keys.performing(lane), "away")
        else:
            pipe.hset(keys.performing(lane), "away", write(away))
            pipe.zadd(keys.DUE, {lane: away["until_ms"]})
        if event:
            self._tell_in(whole, lane, event)
        whole.run()

    @reachable
    def note_written(self, lane: str, what: str, situation: str, pace: str, event: Event | None) -> None:
        """A projection was written (or refused): remember for which situation, when and why, and tell."""
        whole = Transaction(self.client)
        whole.block().hset(keys.shown(lane), mapping={what: situation, paced(what): pace})
        if event:
            self._tell_in(whole, lane, event)
        whole.run()

    @reachable
    def forget_written(self, lane: str, whats: list[str]) -> None:
        """What is right again is written anew when it goes wrong again."""
        if whats:
            self.client.hdel(keys.shown(lane), *whats)
