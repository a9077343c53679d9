"""A lane's state and journal: read cheaply, and committed in one transaction with all a drain decided."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from shell.event import Event
from shell.store import keys
from shell.store.connection import milliseconds, reachable, write
from shell.store.decision import Decision, Fenced, Loaded
from shell.store.fields import empty, join
from shell.store.inbox import new_id, put_dead_letter, receipt_text
from shell.store.journals import Journals
from shell.store.ledger import digest_of, hash_of
from shell.store.migrations import ENTRY_VERSION, FIRST_VERSION, Json, check, up_to_date
from shell.store.outbox import is_urgent, put_actions
from shell.store.sprints import Record, known_sprints, record_of
from shell.store.transaction import at_most, equals

if TYPE_CHECKING:
    from stages.world import State

_META = ("version", "turn", "seq", "head", "epoch", "fence")
_LANES_KEPT = 64
_AT_ONCE = 1000
"""Fields in one command."""
SEEN_S = 30 * 24 * 3600
_RUNNING_OUT = 20
"""Old keys are removed at every so many commits."""


class Lanes(Journals):
    """States, and the keys of events already handled."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._known: OrderedDict[str, Loaded] = OrderedDict()
        self._keeping = Lock()

    @reachable
    def load(self, lane: str) -> Loaded:
        """The lane's state; only what changed since this process last read it is read again."""
        known = self._cached(lane, self.client.hmget(keys.lane_meta(lane), _META))
        return known or self._read(lane)

    @reachable
    def open(self, lane: str, n: int) -> tuple[Loaded, list[Event]]:
        """The lane's state and the first events of its inbox."""
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hmget(keys.lane_meta(lane), _META)
            pipe.lrange(keys.inbox(lane), 0, n - 1)
            meta, texts = pipe.execute()
        loaded = self._cached(lane, meta)
        if loaded is None:
            # the state first: whoever removes entries also changes the lane, and then the commit fails
            loaded = self._read(lane)
            texts = self.client.lrange(keys.inbox(lane), 0, n - 1)
        return loaded, [json.loads(text) for text in texts]

    @reachable
    def version(self, lane: str) -> int:
        """The version of the lane's state."""
        return int(self.client.hget(keys.lane_meta(lane), "version") or 0)

    @reachable
    def epoch(self, lane: str) -> str:
        """Made with the lane's first commit, different in a store that was lost; empty before it."""
        return str(self.client.hget(keys.lane_meta(lane), "epoch") or "")

    def _cached(self, lane: str, meta: list[str | None]) -> Loaded | None:
        """The cached state, if it is still current."""
        known = self._known.get(lane)
        version, turn, seq = (int(part or 0) for part in meta[:3])
        if known is None or (known.version, known.epoch) != (version, meta[4] or ""):
            return None
        return self._cache(replace(known, turn=turn, seq=seq, head=meta[3] or ""))

    def _read(self, lane: str) -> Loaded:
        known = self._known.get(lane) or Loaded(lane, empty())
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hmget(keys.lane_meta(lane), _META)
            pipe.hgetall(keys.lane_state(lane))
            meta, raw = pipe.execute()
        stored, parts = join(raw, known.raw, known.parts)
        state = up_to_date(stored, _name_of(lane))
        older = None if state is stored else stored
        version, turn, seq = (int(part or 0) for part in meta[:3])
        return self._cache(
            Loaded(lane, state, version, turn, seq, meta[3] or "", meta[4] or "", older, raw, parts)
        )

    def _cache(self, loaded: Loaded) -> Loaded:
        with self._keeping:
            self._known[loaded.lane] = loaded
            self._known.move_to_end(loaded.lane)
            while len(self._known) > _LANES_KEPT:
                self._known.popitem(last=False)
        return loaded

    @reachable
    def seen(self, lane: str, event_keys: Iterable[str]) -> set[str]:
        """Those of the keys whose event was already handled."""
        asked = list(event_keys)
        scores = self.client.zmscore(keys.seen(lane), asked) if asked else []
        return {key for key, score in zip(asked, scores, strict=True) if score is not None}

    @reachable
    def seen_lately(self, lane: str, beginning: str, n: int) -> list[str]:
        """Those of the newest handled keys that begin like that."""
        found = self.client.zrevrange(keys.seen(lane), 0, n - 1)
        return [key for key in found if key.startswith(beginning)]

    @reachable
    def note_seen(self, lane: str, event_keys: Iterable[str]) -> None:
        """Mark events as handled: they were, before the store was lost."""
        seen_at = dict.fromkeys(event_keys, milliseconds())
        if seen_at:
            self.client.zadd(keys.seen(lane), seen_at)

    @reachable
    def commit(self, lane: str, loaded: Loaded, decision: Decision, fence: int) -> bool:
        """Write it all in one transaction; False if the lane changed meanwhile, Fenced if taken over."""
        tx = self._transaction()
        tx.require(at_most(keys.lane_meta(lane), "fence", fence))
        tx.require(equals(keys.lane_meta(lane), "turn", loaded.turn or ""))
        tx.require(equals(keys.lane_meta(lane), "epoch", loaded.epoch))
        moved = self._write(tx.block(), loaded, decision, fence)
        self._note_next_due(tx, lane)
        if decision.actions or decision.changed:
            self._enqueue_in(tx, "actions", lane, any(map(is_urgent, decision.actions)))
        failed = tx.run().failed
        if failed == 1:
            raise Fenced(f"{lane} was taken over; {fence} may not write any more")
        if not failed:
            self._remember(loaded, decision, moved)
        return not failed

    def _write(self, pipe: Any, loaded: Loaded, decision: Decision, fence: int) -> Loaded:
        lane = loaded.lane
        moved = replace(
            loaded,
            version=loaded.version + bool(decision.changed),
            turn=loaded.turn + 1,
            seq=loaded.seq + len(decision.entries),
            head=_write_journal(pipe, loaded, decision),
            epoch=loaded.epoch or new_id(),
            stored=None,
        )
        meta = (moved.version, moved.turn, moved.seq, moved.head, moved.epoch, fence)
        pipe.hset(keys.lane_meta(lane), mapping=dict(zip(_META, meta, strict=True)))
        if not loaded.raw:
            pipe.hset(keys.lane_state(lane), "v", write(loaded.state["v"]))
        _write_state(pipe, lane, decision)
        _index_sprints(pipe, lane, loaded.state, decision)
        _write_seen(pipe, lane, decision, moved.turn)
        _take_out(pipe, lane, decision)
        put_actions(pipe, lane, moved.turn, decision.actions)
        return moved

    def _remember(self, loaded: Loaded, decision: Decision, moved: Loaded) -> None:
        if not decision.changed:
            self._cache(moved)
            return
        version = {"v": write(loaded.state["v"])}, {"v": loaded.state["v"]}
        raw, parts = version[0] | loaded.raw, version[1] | loaded.parts
        state: Json = decision.state
        for field, text in decision.changed.items():
            if text is None:
                raw.pop(field, None)
                parts.pop(field, None)
            else:
                raw[field] = text
                name, slash, member = field.partition("/")
                parts[field] = state[name][member] if slash else state[name]
        self._cache(replace(moved, state=decision.state, raw=raw, parts=parts))

    @reachable
    def check_versions(self) -> None:
        """Raise UnknownVersion if the state of any lane has a form that this code cannot read."""
        lanes = self.lanes()
        with self.client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.hget(keys.lane_state(lane), "v")
            for lane, version in zip(lanes, pipe.execute() if lanes else [], strict=True):
                check(json.loads(version or str(FIRST_VERSION)), _name_of(lane))

    # Lanes, sprints and repositories

    @reachable
    def lanes(self) -> list[str]:
        """All lanes that ever had an event."""
        return sorted(self.client.smembers(keys.LANES))

    @reachable
    def lane_of(self, sprint_id: str) -> str | None:
        """The lane of a sprint, including ended ones."""
        lane: str | None = self.client.hget(keys.SPRINTS, sprint_id)
        return lane

    @reachable
    def sprints(self) -> dict[str, str]:
        """Every sprint ever known, with its lane."""
        return dict(sorted(self.client.hgetall(keys.SPRINTS).items()))

    @reachable
    def about(self, lane: str) -> dict[str, str]:
        """The lane's repository as its newest delivery named it: `{repo, repo_id, forge, sure?, other?}`."""
        return dict(self.client.hgetall(keys.lane_about(lane)))

    @reachable
    def note_about(self, lane: str, repo: str, repo_id: int, forge: str) -> None:
        """Note the repository of a lane that was found without a delivery."""
        tx = self._transaction()
        self._tell_name(tx, lane, {"repo": repo, "repo_id": repo_id, "forge": forge})
        tx.run()

    @reachable
    def own_name(self, lane: str) -> str | None:
        """The repository's name, if its id was verified since any delivery last used that name."""
        about = self.about(lane)
        name = about.get("sure")
        if name is None or name != about.get("repo"):
            return None
        return name if self.client.hget(keys.NAMES, keys.name_of(lane, name)) == lane else None

    @reachable
    def note_own_name(self, lane: str, repo: str) -> None:
        """Note that the forge shows the lane's own repository under this name."""
        with self.client.pipeline() as pipe:
            pipe.hset(keys.lane_about(lane), mapping={"repo": repo, "sure": repo})
            pipe.hset(keys.NAMES, keys.name_of(lane, repo), lane)
            pipe.hdel(keys.lane_about(lane), "other")
            pipe.execute()

    @reachable
    def note_other(self, lane: str, other: int) -> bool:
        """Note that the forge shows another repository under the lane's name; True if that is new."""
        with self.client.pipeline() as pipe:
            pipe.hget(keys.lane_about(lane), "other")
            pipe.hset(keys.lane_about(lane), "other", other)
            pipe.hdel(keys.NAMES, keys.name_of(lane, self.about(lane).get("repo") or ""))
            before, *_ = pipe.execute()
        return bool(before != str(other))

    @reachable
    def sprint(self, sprint_id: str) -> Record | None:
        """The record of a sprint that has left its lane's state."""
        text = self.client.get(keys.sprint(sprint_id))
        found: Record | None = json.loads(text) if text else None
        return found


def _name_of(lane: str) -> str:
    return f"The state of lane {lane}"


def _write_state(pipe: Any, lane: str, decision: Decision) -> None:
    new = [(field, text) for field, text in decision.changed.items() if text is not None]
    gone = [field for field, text in decision.changed.items() if text is None]
    for start in range(0, len(new), _AT_ONCE):
        pipe.hset(keys.lane_state(lane), mapping=dict(new[start : start + _AT_ONCE]))
    for start in range(0, len(gone), _AT_ONCE):
        pipe.hdel(keys.lane_state(lane), *gone[start : start + _AT_ONCE])


def _write_journal(pipe: Any, loaded: Loaded, decision: Decision) -> str:
    """Append the entries, each with the hash of its predecessor; the new head."""
    head = loaded.head
    policies: dict[str, str] = {}
    lines = []
    for seq, draft in enumerate(decision.entries, loaded.seq):
        policy = write(draft.get("policy"))
        digest = digest_of(policy)
        policies[digest] = policy
        entry = draft | {"v": ENTRY_VERSION, "seq": seq, "policy": digest, "prev": head}
        head = hash_of(write(entry))
        lines.append(write(entry | {"hash": head}))
    if lines:
        pipe.rpush(keys.journal(loaded.lane), *lines)
        pipe.hset(keys.policies(loaded.lane), mapping=policies)
    return head


def _write_seen(pipe: Any, lane: str, decision: Decision, turn: int) -> None:
    now_ms = milliseconds()
    if decision.keys:
        pipe.zadd(keys.seen(lane), dict.fromkeys(decision.keys, now_ms))
    if turn % _RUNNING_OUT == 0:
        pipe.zremrangebyscore(keys.seen(lane), 0, now_ms - SEEN_S * 1000)


def _take_out(pipe: Any, lane: str, decision: Decision) -> None:
    """Remove the handled events from the inbox; their receipts say how it went."""
    if not decision.consumed:
        return
    pipe.ltrim(keys.inbox(lane), len(decision.consumed), -1)
    failed = {letter["event"].get("receipt") for letter in decision.dead}
    for event in decision.consumed:
        reason = decision.ignored.get(event.get("receipt") or "")
        status = "failed" if event.get("receipt") in failed else "ignored" if reason else "done"
        _close_receipt(pipe, lane, event, status, reason)
    for letter in decision.dead:
        put_dead_letter(
            pipe, letter["id"], {"lane": lane, "event": letter["event"], "reason": letter["reason"]}
        )


def _close_receipt(pipe: Any, lane: str, event: Event, status: str, reason: str | None) -> None:
    if event.get("receipt"):
        text = receipt_text(event, lane, status, reason)
        pipe.set(keys.receipt(event["receipt"]), text, xx=True, keepttl=True)


def _index_sprints(pipe: Any, lane: str, old: State, decision: Decision) -> None:
    """Keep the index of sprints by id; a sprint that left the state is stored as a record of its own."""
    before, after = known_sprints(old), known_sprints(decision.state)
    for sprint_id in (after.keys() | decision.ended.keys()) - before.keys():
        pipe.hset(keys.SPRINTS, sprint_id, lane)
    gone = {sprint_id: record_of(lane, old, before[sprint_id]) for sprint_id in before.keys() - after.keys()}
    for sprint_id, record in (gone | decision.ended).items():
        pipe.set(keys.sprint(sprint_id), write(record))
