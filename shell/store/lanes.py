"""A lane's state and journal: read cheaply, committed whole with what a drain came to."""

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from threading import Lock
from typing import Any

from shell.event import Event
from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.decision import Decision, Fenced, Loaded
from shell.store.fields import empty, join
from shell.store.inbox import new_id, put_letter, receipt_text
from shell.store.journals import Journals
from shell.store.ledger import digest_of, hash_of
from shell.store.outbox import goes_first, put_actions
from shell.store.sprints import known_sprints, record_of, sprint_id_of
from shell.store.transaction import Transaction, at_most, equals, next_due

__all__ = ["Lanes", "sprint_id_of"]

_META = ("version", "turn", "seq", "head", "epoch", "fence")
_LANES_KEPT = 64
_AT_ONCE = 1000
"""Fields in one command."""
SEEN_S = 30 * 24 * 3600
_RUNNING_OUT = 20
"""Every so many commits the keys seen long ago are forgotten."""


class Lanes(Journals):
    """States and keys seen."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._known: OrderedDict[str, Loaded] = OrderedDict()
        self._keeping = Lock()

    @reachable
    def load(self, lane: str) -> Loaded:
        """The lane's state; read anew only where it changed since this process saw it last."""
        known = self._still(lane, self.client.hmget(keys.lane_meta(lane), _META))
        return known or self._read(lane)

    @reachable
    def open(self, lane: str, n: int) -> tuple[Loaded, list[Event]]:
        """The lane's state and the first events of its inbox."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hmget(keys.lane_meta(lane), _META)
            pipe.lrange(keys.inbox(lane), 0, n - 1)
            meta, texts = pipe.execute()
        loaded = self._still(lane, meta)
        if loaded is None:
            # the state before the inbox: whoever takes entries out moves the lane on, then the commit fails
            loaded = self._read(lane)
            texts = self.client.lrange(keys.inbox(lane), 0, n - 1)
        return loaded, [json.loads(text) for text in texts]

    @reachable
    def version(self, lane: str) -> int:
        """The version of the lane's state."""
        return int(self.client.hget(keys.lane_meta(lane), "version") or 0)

    @reachable
    def epoch(self, lane: str) -> str:
        """Made with the lane's first commit, another one in a store that was lost; empty before that."""
        return str(self.client.hget(keys.lane_meta(lane), "epoch") or "")

    def _still(self, lane: str, meta: list[str | None]) -> Loaded | None:
        """What is known of the lane, if that is its state still."""
        known = self._known.get(lane)
        version, turn, seq = (int(part or 0) for part in meta[:3])
        if known is None or (known.version, known.epoch) != (version, meta[4] or ""):
            return None
        return self._keep(replace(known, turn=turn, seq=seq, head=meta[3] or ""))

    def _read(self, lane: str) -> Loaded:
        known = self._known.get(lane) or Loaded(lane, empty())
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hmget(keys.lane_meta(lane), _META)
            pipe.hgetall(keys.lane_state(lane))
            meta, raw = pipe.execute()
        state, parts = join(raw, known.raw, known.parts)
        version, turn, seq = (int(part or 0) for part in meta[:3])
        return self._keep(Loaded(lane, state, version, turn, seq, meta[3] or "", meta[4] or "", raw, parts))

    def _keep(self, loaded: Loaded) -> Loaded:
        with self._keeping:
            self._known[loaded.lane] = loaded
            self._known.move_to_end(loaded.lane)
            while len(self._known) > _LANES_KEPT:
                self._known.popitem(last=False)
        return loaded

    @reachable
    def seen(self, lane: str, event_keys: Iterable[str]) -> set[str]:
        """Those of the keys whose event was handled already."""
        asked = list(event_keys)
        scores = self.client.zmscore(keys.seen(lane), asked) if asked else []
        return {key for key, score in zip(asked, scores, strict=True) if score is not None}

    @reachable
    def seen_lately(self, lane: str, beginning: str, n: int) -> list[str]:
        """The newest keys seen, as far as they begin like that."""
        found = self.client.zrevrange(keys.seen(lane), 0, n - 1)
        return [key for key in found if key.startswith(beginning)]

    @reachable
    def note_seen(self, lane: str, event_keys: Iterable[str]) -> None:
        """These events were handled before the store was lost."""
        told = dict.fromkeys(event_keys, milliseconds())
        if told:
            self.client.zadd(keys.seen(lane), told)

    @reachable
    def commit(self, lane: str, loaded: Loaded, decided: Decision, fence: int) -> bool:
        """All of it in one transaction; False if the lane moved on meanwhile, Fenced if it was taken over."""
        whole = Transaction(self.client)
        whole.guards.append(at_most(keys.lane_meta(lane), "fence", fence))
        whole.guards.append(equals(keys.lane_meta(lane), "turn", loaded.turn or ""))
        whole.guards.append(equals(keys.lane_meta(lane), "epoch", loaded.epoch))
        moved = self._write(whole.block(), loaded, decided, fence)
        if decided.actions or decided.changed:
            self._enqueue_in(whole, "actions", lane, any(map(goes_first, decided.actions)))
        failed = whole.run()
        if failed == 1:
            raise Fenced(f"{lane} was taken over; {fence} may not write any more")
        if not failed:
            self._remember(loaded, decided, moved)
        return not failed

    def _write(self, pipe: Any, loaded: Loaded, decided: Decision, fence: int) -> Loaded:
        lane = loaded.lane
        moved = replace(
            loaded,
            version=loaded.version + bool(decided.changed),
            turn=loaded.turn + 1,
            seq=loaded.seq + len(decided.entries),
            head=_write_journal(pipe, loaded, decided),
            epoch=loaded.epoch or new_id(),
        )
        meta = (moved.version, moved.turn, moved.seq, moved.head, moved.epoch, fence)
        pipe.hset(keys.lane_meta(lane), mapping=dict(zip(_META, meta, strict=True)))
        _write_state(pipe, lane, decided)
        _index_sprints(pipe, lane, loaded.state, decided)
        _write_seen(pipe, lane, decided, moved.turn)
        _take_out(pipe, lane, decided)
        put_actions(pipe, lane, moved.turn, decided.actions)
        next_due(pipe, keys.outbox_due(lane), keys.DUE, lane)
        return moved

    def _remember(self, loaded: Loaded, decided: Decision, moved: Loaded) -> None:
        if not decided.changed:
            self._keep(moved)
            return
        raw, parts = dict(loaded.raw), dict(loaded.parts)
        for field, text in decided.changed.items():
            if text is None:
                raw.pop(field, None)
                parts.pop(field, None)
            else:
                raw[field] = text
                name, slash, member = field.partition("/")
                parts[field] = decided.state[name][member] if slash else decided.state[name]
        self._keep(replace(moved, state=decided.state, raw=raw, parts=parts))

    # What others ask about lanes

    @reachable
    def lanes(self) -> list[str]:
        """All lanes that ever had an event."""
        return sorted(self.client.smembers(keys.LANES))

    @reachable
    def lane_of(self, sprint_id: str) -> str | None:
        """The lane of a sprint, also of one that has ended."""
        lane: str | None = self.client.hget(keys.SPRINTS, sprint_id)
        return lane

    @reachable
    def sprints(self) -> dict[str, str]:
        """Every sprint that ever was known, with its lane."""
        return dict(sorted(self.client.hgetall(keys.SPRINTS).items()))

    @reachable
    def about(self, lane: str) -> dict[str, str]:
        """The lane's repository as its newest delivery named it: `{repo, repo_id, forge, sure?, other?}`."""
        return dict(self.client.hgetall(keys.lane_about(lane)))

    @reachable
    def note_about(self, lane: str, repo: str, repo_id: int, forge: str) -> None:
        """Note the repository of a lane that was met by other means than a delivery."""
        whole = Transaction(self.client)
        self._tell_name(whole, lane, {"repo": repo, "repo_id": repo_id, "forge": forge})
        whole.run()

    @reachable
    def own_name(self, lane: str) -> str | None:
        """The repository's name, if its id was looked at since any lane was last told by that name."""
        about = self.about(lane)
        name = about.get("sure")
        if name is None or name != about.get("repo"):
            return None
        return name if self.client.hget(keys.NAMES, keys.name_of(lane, name)) == lane else None

    @reachable
    def note_own_name(self, lane: str, repo: str) -> None:
        """By this name the forge shows the lane's own repository."""
        with self.client.pipeline() as pipe:
            pipe.hset(keys.lane_about(lane), mapping={"repo": repo, "sure": repo})
            pipe.hset(keys.NAMES, keys.name_of(lane, repo), lane)
            pipe.hdel(keys.lane_about(lane), "other")
            pipe.execute()

    @reachable
    def note_other(self, lane: str, other: int) -> bool:
        """By the lane's name the forge shows another repository; whether that is news."""
        with self.client.pipeline() as pipe:
            pipe.hget(keys.lane_about(lane), "other")
            pipe.hset(keys.lane_about(lane), "other", other)
            pipe.hdel(keys.NAMES, keys.name_of(lane, self.about(lane).get("repo") or ""))
            before, *_ = pipe.execute()
        return bool(before != str(other))

    @reachable
    def sprint(self, sprint_id: str) -> dict[str, Any] | None:
        """The record of a sprint that has left its lane's state: `{lane, sprint, tasks}`."""
        text = self.client.get(keys.sprint(sprint_id))
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found


def _write_state(pipe: Any, lane: str, decided: Decision) -> None:
    new = [(field, text) for field, text in decided.changed.items() if text is not None]
    gone = [field for field, text in decided.changed.items() if text is None]
    for start in range(0, len(new), _AT_ONCE):
        pipe.hset(keys.lane_state(lane), mapping=dict(new[start : start + _AT_ONCE]))
    for start in range(0, len(gone), _AT_ONCE):
        pipe.hdel(keys.lane_state(lane), *gone[start : start + _AT_ONCE])


def _write_journal(pipe: Any, loaded: Loaded, decided: Decision) -> str:
    """Append the entries, each with the hash of the one before; the new head."""
    head = loaded.head
    policies: dict[str, str] = {}
    lines = []
    for seq, draft in enumerate(decided.entries, loaded.seq):
        policy = write(draft.get("policy"))
        digest = digest_of(policy)
        policies[digest] = policy
        entry = draft | {"v": 1, "seq": seq, "policy": digest, "prev": head}
        head = hash_of(write(entry))
        lines.append(write(entry | {"hash": head}))
    if lines:
        pipe.rpush(keys.journal(loaded.lane), *lines)
        pipe.hset(keys.policies(loaded.lane), mapping=policies)
    return head


def _write_seen(pipe: Any, lane: str, decided: Decision, turn: int) -> None:
    moment = milliseconds()
    if decided.keys:
        pipe.zadd(keys.seen(lane), dict.fromkeys(decided.keys, moment))
    if turn % _RUNNING_OUT == 0:
        pipe.zremrangebyscore(keys.seen(lane), 0, moment - SEEN_S * 1000)


def _take_out(pipe: Any, lane: str, decided: Decision) -> None:
    """What was handled leaves the inbox; its receipts say how it went."""
    if not decided.consumed:
        return
    pipe.ltrim(keys.inbox(lane), len(decided.consumed), -1)
    failed = {letter["event"].get("receipt") for letter in decided.dead}
    for event in decided.consumed:
        _close_receipt(pipe, lane, event, "failed" if event.get("receipt") in failed else "done")
    for letter in decided.dead:
        put_letter(pipe, letter["id"], {"lane": lane, "event": letter["event"], "reason": letter["reason"]})


def _close_receipt(pipe: Any, lane: str, event: Event, status: str) -> None:
    if event.get("receipt"):
        pipe.set(keys.receipt(event["receipt"]), receipt_text(event, lane, status), xx=True, keepttl=True)


def _index_sprints(pipe: Any, lane: str, old: dict[str, Any], decided: Decision) -> None:
    """Sprints are found by their id; one that leaves the state stays as a record of its own."""
    before, after = known_sprints(old), known_sprints(decided.state)
    for sprint_id in (after.keys() | decided.left.keys()) - before.keys():
        pipe.hset(keys.SPRINTS, sprint_id, lane)
    left = {sprint_id: record_of(lane, old, before[sprint_id]) for sprint_id in before.keys() - after.keys()}
    for sprint_id, record in (left | decided.left).items():
        pipe.set(keys.sprint(sprint_id), write(record))
