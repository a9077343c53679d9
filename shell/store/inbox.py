"""The door's part of the store: what comes in is kept durably, in its lane's order, and gets a receipt."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from shell.clock import now
from shell.event import Event
from shell.store import keys
from shell.store.base import Base
from shell.store.connection import milliseconds, reachable, write
from shell.store.transaction import Transaction

KEPT_S = 30 * 24 * 3600
_UNTOLD = {"authorization", "cookie", "proxy-authorization"}


class Inbox(Base):
    """Inboxes, receipts, dead letters."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._own: dict[str, int] = {}
        """Kind of forge → the id of our account there, once that is known."""

    @reachable
    def accept(self, lane: str, event: Event) -> str:
        """Keep an event in its lane's inbox and ring, all or nothing; its receipt's id."""
        event["at"] = event.get("at") or now()
        event["receipt"] = receipt_id = new_id()
        whole = Transaction(self.client)
        pipe = whole.block()
        self._put_event(pipe, lane, event)
        pipe.set(keys.receipt(receipt_id), receipt_text(event, lane, "queued"), ex=KEPT_S)
        if event.get("repo"):
            about = {name: event[name] for name in ("repo", "repo_id", "forge") if event.get(name)}
            self._tell_name(whole, lane, about)
        self._enqueue_in(whole, "events", lane, self._is_others(lane, event))
        whole.run()
        return receipt_id

    def _is_others(self, lane: str, event: Event) -> bool:
        """Whether someone else did it and may wait for us; what our own account did, nobody waits for."""
        actor, kind = event.get("actor_id"), lane.partition("-")[0]
        if actor is not None and kind not in self._own:
            account = json.loads(self.client.get(keys.account(kind)) or "{}")
            if "id" in account:
                self._own[kind] = account["id"]
        return actor is not None and self._own.get(kind) != actor

    def _put_event(self, pipe: Any, lane: str, event: Event) -> None:
        pipe.sadd(keys.LANES, lane)
        pipe.rpush(keys.inbox(lane), write(event))

    @reachable
    def inbox(self, lane: str, n: int) -> list[Event]:
        """The first events of the inbox, oldest first. Load the lane before, so that a conflict shows."""
        return [json.loads(text) for text in self.client.lrange(keys.inbox(lane), 0, n - 1)]

    @reachable
    def waiting(self, lane: str) -> int:
        """How many events the inbox holds."""
        return int(self.client.llen(keys.inbox(lane)))

    @reachable
    def note_ignored(self, event: Event, reason: str) -> str:
        """A receipt that says why nothing will come of this delivery."""
        receipt_id = new_id()
        kind = event.get("hint") or event.get("type")
        told = {"id": receipt_id, "status": "ignored", "reason": reason, "at": now(), "event_type": kind}
        self.client.set(keys.receipt(receipt_id), write(told), ex=KEPT_S)
        return receipt_id

    @reachable
    def dead_letter(self, raw: bytes, headers: Mapping[str, str], reason: str) -> str:
        """Keep a delivery that could not be read, whole, for those who mend us; its receipt's id."""
        letter = {
            "raw": base64.b64encode(raw).decode(),
            "headers": {name: value for name, value in headers.items() if name.lower() not in _UNTOLD},
        }
        receipt_id = new_id()
        told = {"id": receipt_id, "status": "dead_letter", "reason": reason, "at": now()}
        with self.client.pipeline() as pipe:
            put_letter(pipe, receipt_id, letter | {"reason": reason})
            pipe.set(keys.receipt(receipt_id), write(told), ex=KEPT_S)
            pipe.execute()
        return receipt_id

    @reachable
    def add_dead_letter(self, letter_id: str, letter: dict[str, Any]) -> None:
        """Keep what our own mistake kept from being done."""
        with self.client.pipeline() as pipe:
            put_letter(pipe, letter_id, letter)
            pipe.execute()

    @reachable
    def dead_letters(self, n: int = 100) -> list[dict[str, Any]]:
        """The newest dead letters first: `{id, at, reason, raw?, headers?, event?, lane?}`."""
        ids = self.client.zrevrange(keys.DEAD, 0, n - 1)
        texts = self.client.mget([keys.dead_letter(one) for one in ids]) if ids else []
        return [json.loads(text) for text in texts if text]

    @reachable
    def receipt(self, receipt_id: str) -> dict[str, Any] | None:
        """What became of a delivery: `{id, status, …}`; None if there is no such receipt (any more)."""
        text = self.client.get(keys.receipt(receipt_id))
        found: dict[str, Any] | None = json.loads(text) if text else None
        return found


def new_id() -> str:
    """An id that nobody guesses."""
    return secrets.token_hex(12)


def receipt_text(event: Event, lane: str, status: str) -> str:
    """The receipt of an event as it is kept."""
    told = {"id": event["receipt"], "status": status, "lane": lane, "event_type": event["type"]}
    return write(told | {"at": event["at"], "key": event.get("key")})


def put_letter(pipe: Any, letter_id: str, letter: dict[str, Any]) -> None:
    """Put a dead letter into a transaction."""
    moment = milliseconds()
    pipe.set(keys.dead_letter(letter_id), write(letter | {"id": letter_id, "at": now()}), ex=KEPT_S)
    pipe.zadd(keys.DEAD, {letter_id: moment})
    pipe.zremrangebyscore(keys.DEAD, 0, moment - KEPT_S * 1000)
