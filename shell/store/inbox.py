"""Incoming events: stored durably, in order within their lane, each with a receipt; and dead letters."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from shell.clock import now
from shell.event import Delivered, Event
from shell.secrets import mask, mask_value
from shell.store import keys
from shell.store.base import Base
from shell.store.connection import milliseconds, reachable, write

KEPT_S = 30 * 24 * 3600
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}


class Inbox(Base):
    """Inboxes, receipts, dead letters."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._own: dict[str, int] = {}
        """Kind of forge → the id of our account there, once that is known."""

    @reachable
    def accept(self, lane: str, event: Event, status: str = "queued") -> str:
        """Put an event into its lane's inbox and wake up a worker, in one transaction; its receipt's id."""
        event["at"] = event.get("at") or now()
        event["receipt"] = receipt_id = new_id()
        tx = self._transaction()
        pipe = tx.block()
        self._put_event(pipe, lane, event)
        pipe.set(keys.receipt(receipt_id), receipt_text(event, lane, status), ex=KEPT_S)
        if event.get("repo"):
            about = {name: event[name] for name in ("repo", "repo_id", "forge") if event.get(name)}
            self._tell_name(tx, lane, about)
        self._enqueue_in(tx, "events", lane, self._is_others(lane, event))
        tx.run()
        return receipt_id

    def _is_others(self, lane: str, event: Event) -> bool:
        """Whether someone else caused it and may be waiting for us; nobody waits for our own account."""
        actor, kind = event.get("actor_id"), lane.partition("-")[0]
        if actor is not None and kind not in self._own:
            account = json.loads(self.client.get(keys.account(kind)) or "{}")
            if "id" in account:
                self._own[kind] = account["id"]
        return actor is not None and self._own.get(kind) != actor

    def _put_event(self, pipe: Any, lane: str, event: Event) -> None:
        pipe.sadd(keys.LANES, lane)
        pipe.rpush(keys.inbox(lane), write(mask_value(event)))

    @reachable
    def inbox(self, lane: str, n: int) -> list[Event]:
        """The first events of the inbox, oldest first. Load the lane first, so that a conflict is noticed."""
        return [json.loads(text) for text in self.client.lrange(keys.inbox(lane), 0, n - 1)]

    @reachable
    def waiting(self, lane: str) -> int:
        """How many events the inbox holds."""
        return int(self.client.llen(keys.inbox(lane)))

    @reachable
    def note_ignored(self, event: Delivered, reason: str) -> str:
        """Store a receipt that says why this delivery is ignored; its id."""
        receipt_id = new_id()
        kind = event.get("hint") or event.get("type")
        receipt = {
            "id": receipt_id,
            "status": "ignored",
            "reason": mask(reason),
            "at": now(),
            "event_type": kind,
        }
        self.client.set(keys.receipt(receipt_id), write(receipt), ex=KEPT_S)
        return receipt_id

    @reachable
    def dead_letter(self, raw: bytes, headers: Mapping[str, str], reason: str) -> str:
        """Store a delivery that could not be parsed, complete, for later inspection; its receipt's id."""
        letter = {
            "raw": base64.b64encode(_masked(raw)).decode(),
            "headers": {
                name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS
            },
        }
        receipt_id = new_id()
        receipt = {"id": receipt_id, "status": "dead_letter", "reason": mask(reason), "at": now()}
        with self.client.pipeline() as pipe:
            put_dead_letter(pipe, receipt_id, letter | {"reason": reason})
            pipe.set(keys.receipt(receipt_id), write(receipt), ex=KEPT_S)
            pipe.execute()
        return receipt_id

    @reachable
    def add_dead_letter(self, letter_id: str, letter: dict[str, Any]) -> None:
        """Store what could not be done because of an internal error."""
        with self.client.pipeline() as pipe:
            put_dead_letter(pipe, letter_id, letter)
            pipe.execute()

    @reachable
    def dead_letters(self, n: int = 100) -> list[dict[str, Any]]:
        """Dead letters, newest first: `{id, at, reason, raw?, headers?, event?, lane?}`."""
        ids = self.client.zrevrange(keys.DEAD, 0, n - 1)
        texts = self.client.mget([keys.dead_letter(one) for one in ids]) if ids else []
        return [json.loads(text) for text in texts if text]

    @reachable
    def dead_letter_count(self) -> int:
        """How many dead letters are kept."""
        return int(self.client.zcount(keys.DEAD, milliseconds() - KEPT_S * 1000, "+inf"))

    @reachable
    def receipt(self, receipt_id: str) -> dict[str, Any] | None:
        """What became of a delivery: `{id, status, …}`; None if there is no such receipt (any more)."""
        text = self.client.get(keys.receipt(receipt_id))
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found


def _masked(raw: bytes) -> bytes:
    """The bytes without the secrets of this process; as they are if they hold none."""
    return mask(raw.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def new_id() -> str:
    """A random id that cannot be guessed."""
    return secrets.token_hex(12)


def receipt_text(event: Event, lane: str, status: str, reason: str | None = None) -> str:
    """The receipt of an event as it is stored."""
    receipt = {"id": event["receipt"], "status": status, "lane": lane, "event_type": event["type"]}
    why = {"reason": reason} if reason else {}
    return write(receipt | {"at": event["at"], "key": event.get("key")} | why)


def put_dead_letter(pipe: Any, letter_id: str, letter: dict[str, Any]) -> None:
    """Within a transaction: store a dead letter."""
    now_ms = milliseconds()
    raw = {"raw": letter["raw"]} if "raw" in letter else {}
    kept = mask_value({name: part for name, part in letter.items() if name != "raw"}) | raw
    pipe.set(keys.dead_letter(letter_id), write(kept | {"id": letter_id, "at": now()}), ex=KEPT_S)
    pipe.zadd(keys.DEAD, {letter_id: now_ms})
    pipe.zremrangebyscore(keys.DEAD, 0, now_ms - KEPT_S * 1000)
