"""Decide what a lane's events lead to: pure, apart from the functions it is given, so it can be repeated."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from rq.timeouts import JobTimeoutException

from jobs import dedupe
from shell.action import Action
from shell.errors import Unavailable, trace_of
from shell.event import Event, IssueComment
from shell.secrets import mask
from shell.store import DeadEvent, Decision, Loaded
from shell.store.fields import differences, texts
from shell.store.ledger import Draft, Migrated
from shell.store.migrations import Stored
from shell.store.sprints import known_sprints, record_of

if TYPE_CHECKING:
    from stages.world import Comment, ForgeChanges, Policy, State, Turn

Trace = list[tuple[str, float]]
"""Each stage that ran, with its milliseconds; everything else can be found by running it again."""

MAX_DEPTH = 40
"""How deep events may follow from events, as a guard against endless recursion."""

HOOK = "hook"
"""In a delivered event, until it is handled: the organisation whose webhook signed it."""
MIGRATED: Literal["state_migrated"] = "state_migrated"
"""In the journal alone: the state was brought from one version to another."""

_INTERNAL = frozenset(
    {"performed", "refused", "shown", "tick", "available", "unavailable", "answered", "machine"}
)
"""Events for which nobody waits for a reply if handling them fails."""


@dataclass(frozen=True)
class Decider:
    """The functions that decisions are made with."""

    expand: Callable[[Event, State], Iterable[Event]]
    composition_for: Callable[[Event], str | None]
    run: Callable[[str, Turn], tuple[Turn, Trace]]
    """A composition's output turn, and the stages that ran."""
    policy: Callable[[State], Policy]
    now: Callable[[], str]
    seen: Callable[[str, list[str]], set[str]]
    """Those of the keys that the lane has already handled."""
    code: str = ""
    """A fingerprint of the code that decides."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Composition → the one that handles its event where it fails."""
    refuses: Callable[[Event], str | None] = lambda _event: None
    """Why an event is not handled at all: who signed it may not speak for this repository."""


def decide(
    loaded: Loaded, inbox: list[Event], decider: Decider, enough: Callable[[], bool] = lambda: False
) -> Decision:
    """What these events lead to, one after the other; after `enough` the rest is left in the inbox."""
    return _Draft(loaded, inbox, decider, enough).decision


class _TooDeep(RecursionError):
    """Events follow from one another without end."""


class _Draft:
    """A decision in the making."""

    def __init__(
        self, loaded: Loaded, inbox: list[Event], decider: Decider, enough: Callable[[], bool]
    ) -> None:
        self.lane = loaded.lane
        self.decider = decider
        self.known = decider.seen(self.lane, [event["key"] for event in inbox if event.get("key")])
        self.decision = Decision(loaded.state)
        self.depth = 0
        self.cause: str | None = None
        self.in_pieces = False
        """Whether a look at many things is handled one thing at a time, because one of them failed."""
        if loaded.stored is not None:
            self._migrate(loaded.stored)
        for event in inbox:
            if reason := decider.refuses(event):
                self.decision.ignored[event.get("receipt") or ""] = reason
            else:
                self._apply(_unsigned(event))
            self.decision.consumed.append(event)
            if enough():
                break

    def _migrate(self, stored: Stored) -> None:
        """The state was stored in an older form: what the steps changed is kept and journaled too."""
        changed = texts(differences(stored, self.decision.state))
        self.decision.changed |= changed
        event: Migrated = {"type": MIGRATED, "from": stored["v"], "to": self.decision.state["v"]}
        self._journal(event, None, changed, [], [])

    def _apply(self, event: Event) -> None:
        key = event.get("key")
        if key and key in self.known and not self._always_counts(event):
            return
        before, self.depth, self.cause = self._checkpoint(), 0, event.get("receipt") or key
        try:
            self._handle(event)
        except Exception as error:
            if _is_passing(error):
                raise
            self._restore(before)
            self._dead_letter(event, error)
        if key:
            self._mark_handled(key)

    def _always_counts(self, event: Event) -> bool:
        """A hint does, and so does an edit of our own text by someone else: the same text may come again."""
        if event["type"] == "changed":
            return True
        account = self.decision.state.get("me")
        me = account.get("id") if account else None
        if event["type"] != "issue_comment" or me is None or event.get("author_id") != me:
            return False
        return event.get("hint") == "edited" and event.get("actor_id") not in (None, me)

    def _mark_handled(self, key: str) -> None:
        self.known.add(key)
        self.decision.keys[key] = None

    # One event

    def _handle(self, event: Event) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeep(f"{event['type']}: more than {MAX_DEPTH} events follow from one another")
        event = self._with_previous(event)
        for one in self.decider.expand(event, self.decision.state):
            if not self._ran_before(one, event):
                self._route(one)
        self.depth -= 1

    def _with_previous(self, event: Event) -> Event:
        """If the text before an edit was never handled, all of the new text counts as new."""
        if not dedupe.by_its_author(event):
            return event
        if dedupe.is_old(event):
            return event if event.get("previous") is not None else _after(event, event["body"])
        before = dedupe.key_before(event)
        if before and self._is_handled(before):
            return event
        if before:
            self._mark_handled(before)  # from now on it comes too late
        return _after(event, None)

    def _ran_before(self, one: Event, event: Event) -> bool:
        """Whether this comment already gave this command; an edit may give it again."""
        if one["type"] != "command" or event["type"] != "issue_comment":
            return False
        of_board = "board" in one["where"]  # each edit of it has a key of its own
        again = event.get("hint") == "edited" and event.get("previous") is not None and not of_board
        if not again and self._is_handled(one["key"]):
            return True
        self._mark_handled(one["key"])
        return False

    def _is_handled(self, key: str) -> bool:
        return key in self.known or bool(self.decider.seen(self.lane, [key]))

    def _route(self, event: Event) -> None:
        """Run the event's composition; the events that follow from it are handled next."""
        name = self.decider.composition_for(event)
        if name is None:
            self._journal(event, None, {}, [], [])
            return
        now, policy = self.decider.now(), self.decider.policy(self.decision.state)
        turn: Turn = {
            "state": self.decision.state,
            "events": [event],
            "actions": [],
            "now": now,
            "policy": policy,
        }
        try:
            out, stages = self.decider.run(name, turn)
        except Exception as error:
            if not _is_passing(error) and (pieces := self._pieces(event)):
                self._one_by_one(pieces)
                return
            if _is_passing(error) or name not in self.decider.instead:
                raise
            event = cast("Event", {**event, "failed": self._bury(event, error)})
            name, turn = self.decider.instead[name], {**turn, "events": [event]}
            out, stages = self.decider.run(name, turn)
        changed = texts(differences(self.decision.state, out["state"]))
        self._keep_ended(out["state"], changed)
        self.decision.state = out["state"]
        self.decision.changed |= changed
        self.decision.actions += out["actions"]
        self._journal(event, name, changed, out["actions"], stages, now, policy)
        for follows in out["events"]:
            if follows != event:
                self._follow(follows, apart=event["type"] == "seen")

    def _keep_ended(self, after: State, changed: dict[str, str | None]) -> None:
        """A sprint that leaves the state is recorded as it was just before that."""
        if not any(text is None and field.startswith("kickoffs/") for field, text in changed.items()):
            return
        before, stays = known_sprints(self.decision.state), known_sprints(after)
        for name in before.keys() - stays.keys():
            self.decision.ended[name] = record_of(self.lane, self.decision.state, before[name])

    def _follow(self, event: Event, apart: bool) -> None:
        """A comment may have come by webhook before; anything else was found by comparison and is new."""
        key = event.get("key")
        if event["type"] == "issue_comment" and key:
            if self._is_handled(key) or self._is_handled(dedupe.key_when_handled(event)):
                return
            self._mark_handled(dedupe.key_when_handled(event))
        self._handle_apart(event) if apart else self._handle(event)

    def _handle_apart(self, event: Event) -> None:
        """One of many things that a look told: if it fails it is buried, and the others count.

        What was seen stays known, else the next look would find the same difference, and fail again.
        """
        before, depth = self._checkpoint(), self.depth
        try:
            self._handle(event)
        except Exception as error:
            if _is_passing(error) or (isinstance(error, _TooDeep) and depth > 1):
                raise
            self._restore(before)
            self.depth = depth
            self._dead_letter(event, error)

    def _pieces(self, event: Event) -> list[Event]:
        return [] if self.in_pieces else pieces_of(event)

    def _one_by_one(self, pieces: list[Event]) -> None:
        self.in_pieces = True
        try:
            for piece in pieces:
                self._handle_apart(piece)
        finally:
            self.in_pieces = False

    def _journal(
        self,
        event: Event | Migrated,
        composition: str | None,
        changed: dict[str, str | None],
        actions: list[Action],
        stages: Trace,
        now: str | None = None,
        policy: Policy | None = None,
        failed: str | None = None,
    ) -> None:
        entry: Draft = {
            "event": event,
            "composition": composition,
            "now": now or self.decider.now(),
            "policy": policy,
            "actions": [action["key"] for action in actions],
            "changed": sorted(changed),
            "state_hash": digest(changed),
            "trace": stages,
            "cause": self.cause,
            "code": self.decider.code,
        }
        if failed is not None:
            entry["failed"] = failed
        self.decision.entries.append(entry)

    # An event that fails

    def _checkpoint(self) -> tuple[Any, ...]:
        decision = self.decision
        return (
            decision.state,
            dict(decision.changed),
            len(decision.entries),
            len(decision.actions),
            dict(decision.keys),
            set(self.known),
            dict(decision.ended),
        )

    def _restore(self, mark: tuple[Any, ...]) -> None:
        decision = self.decision
        decision.state, decision.changed, entries, actions, decision.keys, self.known, decision.ended = mark
        del decision.entries[entries:]
        del decision.actions[actions:]

    def _dead_letter(self, event: Event, error: Exception) -> None:
        """Put the event into the dead letters, note it in the journal, and say so on the thread."""
        actions = self._error_comment(event, error, self._bury(event, error))
        self.decision.actions += actions
        self._journal(event, None, {}, actions, [], failed=mask(f"{type(error).__name__}: {error}")[:500])

    def _bury(self, event: Event, error: Exception) -> str:
        """Put the event into the dead letters; the reference is the same when the same fails again."""
        again = hashlib.sha256(f"{self.lane} {event['type']} {_thread(event)} {_signature(error)}".encode())
        reference = event.get("receipt") or again.hexdigest()[:24]
        letter: DeadEvent = {"id": reference, "event": event, "reason": trace_of(error)}
        self.decision.dead.append(letter)
        return str(reference)

    def _error_comment(self, event: Event, error: Exception, reference: str) -> list[Action]:
        """One line on the thread, but only once for the same error on the same thread."""
        number = _thread(event)
        if number is None or event["type"] in _INTERNAL:
            return []
        key = f"broke:{number}:{_signature(error)}"
        if key in self.known or self.decider.seen(self.lane, [key]):
            return []
        self._mark_handled(key)
        body = (
            f"Internal error, reference {reference}. Nothing was changed; "
            "an operator can find the details under that reference in the dead letters."
        )
        comment: Comment = {
            "type": "comment",
            "key": key,
            "number": number,
            "body": body,
            "mark": {"kind": "broke"},
        }
        return [comment]


def pieces_of(event: Event) -> list[Event]:
    """What was caught up with as looks at one thing each, the last one at none; empty for any other event."""
    if event["type"] != "seen" or event["what"] != "catch_up":
        return []
    changes = event["there"]
    none: ForgeChanges = {**changes, "issues": [], "comments": [], "pulls": []}
    found: list[ForgeChanges] = []
    for issue in changes["issues"]:
        found.append({**none, "issues": [issue]})
    for comment in changes["comments"]:
        found.append({**none, "comments": [comment]})
    for number in changes["pulls"]:
        found.append({**none, "pulls": [number]})
    found.append(none)
    return [{**event, "key": f"{event['key']}:{n}", "there": part} for n, part in enumerate(found)]


def _after(event: IssueComment, previous: str | None) -> IssueComment:
    """The edited comment with the text before it; None: none of the text was there before."""
    comment = event.copy()
    comment["previous"] = previous
    return comment


def _unsigned(event: Event) -> Event:
    """Without the webhook that signed it, which has been weighed."""
    return cast("Event", {name: value for name, value in event.items() if name != HOOK})


def digest(changed: dict[str, str | None]) -> str:
    """One hash over the fields that an event changed and their new values."""
    hashed = hashlib.sha256()
    for name in sorted(changed):
        hashed.update(f"{name}\0{changed[name]}\0".encode())
    return hashed.hexdigest()[:32]


def _signature(error: Exception) -> str:
    """The same for the same error at the same place."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = ":".join(f"{frame.filename}:{frame.lineno}" for frame in last)
    return hashlib.sha256(f"{type(error).__name__}:{where}".encode()).hexdigest()[:12]


def _is_passing(error: BaseException | None) -> bool:
    """Whether the store or a time limit caused it, also within a stage: then the turn is simply retried."""
    while error and not isinstance(error, (Unavailable, JobTimeoutException)):
        error = error.__cause__
    return error is not None


def _thread(event: Event) -> int | None:
    """The number of the issue or pull request that an event is about."""
    fields: Mapping[str, object] = event
    for place in (fields, fields.get("where"), fields.get("request")):
        if isinstance(place, Mapping):
            for name in ("issue_number", "number", "pr_number"):
                if isinstance(number := place.get(name), int):
                    return number
    return None
