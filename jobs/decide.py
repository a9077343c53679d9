"""Decide what a lane's events come to: pure but for what it is given, so that it can always be done again."""

import hashlib
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rq.timeouts import JobTimeoutException

from jobs import dedupe
from shell.action import Action
from shell.errors import Unavailable
from shell.event import Event
from shell.store import DeadEvent, Decision, Loaded
from shell.store.fields import State, differences, texts
from shell.store.inbox import new_id
from shell.store.sprints import known_sprints, record_of

Turn = dict[str, Any]
Trace = list[tuple[str, float]]
"""Each stage that ran, and its milliseconds; all else of a run is found by running it again."""

DEEPEST = 40
"""An event may tell another, which tells another, but not for ever."""

_OURS = frozenset({"performed", "refused", "shown", "tick", "available", "unavailable", "answered"})
"""Events of which no person waits for a word, should we fail at them."""


@dataclass(frozen=True)
class Decider:
    """Where the decisions come from."""

    expand: Callable[[Event, State], Iterable[Event]]
    composition_for: Callable[[Event], str | None]
    run: Callable[[str, Turn], tuple[Turn, Trace]]
    """The turn that comes out of a composition, and the stages that it ran through."""
    policy: Callable[[State], Any]
    now: Callable[[], str]
    seen: Callable[[str, list[str]], set[str]]
    """Those of a lane's keys that are known already."""
    code: str = ""
    """Changes with the code that decides."""


def decide(loaded: Loaded, inbox: list[Event], decider: Decider) -> Decision:
    """What all these events come to, one after the other."""
    return _Draft(loaded, inbox, decider).decided


class _Draft:
    """A drain in the making."""

    def __init__(self, loaded: Loaded, inbox: list[Event], decider: Decider) -> None:
        self.lane = loaded.lane
        self.decider = decider
        self.known = decider.seen(self.lane, [event["key"] for event in inbox if event.get("key")])
        self.decided = Decision(loaded.state)
        self.depth = 0
        self.cause: str | None = None
        for event in inbox:
            self._take(event)
            self.decided.consumed.append(event)

    def _take(self, event: Event) -> None:
        key = event.get("key")
        if key and key in self.known and not self._tells_each_time(event):
            return
        before, self.depth, self.cause = self._mark(), 0, event.get("receipt") or key
        try:
            self._handle(event)
        except Exception as error:
            if _is_passing(error):
                raise
            self._back_to(before)
            self._bury(event, error)
        if key:
            self._know(key)

    def _tells_each_time(self, event: Event) -> bool:
        """A hint does, and so does someone who edits what we wrote: the same text may be put there again."""
        if event["type"] == "changed":
            return True
        me = (self.decided.state.get("me") or {}).get("id")
        ours = event["type"] == "issue_comment" and me is not None and event.get("author_id") == me
        return ours and event.get("hint") == "edited" and event.get("actor_id") not in (None, me)

    def _know(self, key: str) -> None:
        self.known.add(key)
        self.decided.keys[key] = None

    # One event

    def _handle(self, event: Event) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise RecursionError(f"{event['type']} goes round in a circle")
        event = self._with_unheard(event)
        for one in self.decider.expand(event, self.decided.state):
            if not self._ran_before(one, event):
                self._route(one)
        self.depth -= 1

    def _with_unheard(self, event: Event) -> Event:
        """Where the text before an edit was never heard, all of the new one is new."""
        if not dedupe.by_its_author(event):
            return event
        if dedupe.is_old(event):
            return event if event.get("previous") is not None else event | {"previous": event["body"]}
        before = dedupe.key_before(event)
        if before and self._is_known(before):
            return event
        if before:
            self._know(before)  # it comes too late from now on
        return event | {"previous": None}

    def _ran_before(self, one: Event, event: Event) -> bool:
        """Whether this comment asked for just that before; an edit may put it there anew."""
        if one["type"] != "command" or event["type"] != "issue_comment":
            return False
        anew = event.get("hint") == "edited" and event.get("previous") is not None
        if not anew and self._is_known(one["key"]):
            return True
        self._know(one["key"])
        return False

    def _is_known(self, key: str) -> bool:
        return key in self.known or bool(self.decider.seen(self.lane, [key]))

    def _route(self, event: Event) -> None:
        """Run the event's composition; what it tells (differences, a verdict, an end) comes next."""
        name = self.decider.composition_for(event)
        if name is None:
            self._write_down(event, None, {}, [], [])
            return
        now, policy = self.decider.now(), self.decider.policy(self.decided.state)
        turn = {"state": self.decided.state, "events": [event], "actions": [], "now": now, "policy": policy}
        out, stages = self.decider.run(name, turn)
        changed = texts(differences(self.decided.state, out["state"]))
        self._keep_what_left(out["state"], changed)
        self.decided.state = out["state"]
        self.decided.changed |= changed
        self.decided.actions += out["actions"]
        self._write_down(event, name, changed, out["actions"], stages, now, policy)
        for follows in out["events"]:
            if follows != event:
                self._take_told(follows)

    def _keep_what_left(self, after: State, changed: dict[str, str | None]) -> None:
        """A sprint that leaves the state is kept as it was just before, however much this drain did to it."""
        if not any(text is None and field.startswith("kickoffs/") for field, text in changed.items()):
            return
        before, stays = known_sprints(self.decided.state), known_sprints(after)
        for name in before.keys() - stays.keys():
            self.decided.left[name] = record_of(self.lane, self.decided.state, before[name])

    def _take_told(self, event: Event) -> None:
        """A comment may have come by webhook before the look found it; all else is new by comparison."""
        key = event.get("key")
        if event["type"] == "issue_comment" and key:
            if self._is_known(key) or self._is_known(dedupe.key_of_words(event)):
                return
            self._know(dedupe.key_of_words(event))
        self._handle(event)

    def _write_down(
        self,
        event: Event,
        composition: str | None,
        changed: dict[str, str | None],
        actions: list[Action],
        stages: Trace,
        now: str | None = None,
        policy: Any = None,
        **more: Any,
    ) -> None:
        entry = {
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
            **more,
        }
        self.decided.entries.append(entry)

    # An event that we fail at

    def _mark(self) -> tuple[Any, ...]:
        whole = self.decided
        return (
            whole.state,
            dict(whole.changed),
            len(whole.entries),
            len(whole.actions),
            dict(whole.keys),
            set(self.known),
            dict(whole.left),
        )

    def _back_to(self, mark: tuple[Any, ...]) -> None:
        whole = self.decided
        whole.state, whole.changed, entries, actions, whole.keys, self.known, whole.left = mark
        del whole.entries[entries:]
        del whole.actions[actions:]

    def _bury(self, event: Event, error: Exception) -> None:
        """The event goes to the dead letters, the journal says so, and the thread gets one line."""
        reason = "".join(traceback.format_exception(error))[-4000:]
        letter: DeadEvent = {"id": event.get("receipt") or new_id(), "event": event, "reason": reason}
        self.decided.dead.append(letter)
        actions = self._apology(event, error, letter["id"])
        self.decided.actions += actions
        self._write_down(event, None, {}, actions, [], failed=f"{type(error).__name__}: {error}"[:500])

    def _apology(self, event: Event, error: Exception, reference: str) -> list[Action]:
        """One line on the thread; for the same mistake on the same thread only once."""
        number = _thread(event)
        if number is None or event["type"] in _OURS:
            return []
        key = f"broke:{number}:{_signature(error)}"
        if key in self.known or self.decider.seen(self.lane, [key]):
            return []
        self._know(key)
        body = (
            "Something broke on my side while I worked on this; nothing was changed by it. "
            f"What happened is kept for those who mend me (reference {reference})."
        )
        return [
            {"type": "comment", "key": key, "number": number, "body": body, "mark": {"kind": "broke"}},
        ]


def digest(changed: dict[str, str | None]) -> str:
    """One hash of the fields that an event changed, and of what they became."""
    whole = hashlib.sha256()
    for field in sorted(changed):
        whole.update(f"{field}\0{changed[field]}\0".encode())
    return whole.hexdigest()[:32]


def _signature(error: Exception) -> str:
    """The same for the same mistake at the same place."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = ":".join(f"{frame.filename}:{frame.lineno}" for frame in last)
    return hashlib.sha256(f"{type(error).__name__}:{where}".encode()).hexdigest()[:12]


def _is_passing(error: BaseException | None) -> bool:
    """Whether it comes of the store or of a time that is up, also within a stage: the turn is taken anew."""
    while error and not isinstance(error, (Unavailable, JobTimeoutException)):
        error = error.__cause__
    return error is not None


def _thread(event: Event) -> int | None:
    """The number of the issue or pull request that an event is about."""
    places = (event, event.get("where") or {}, event.get("request") or {})
    for place in places:
        for name in ("issue_number", "number", "pr_number"):
            if isinstance(place.get(name), int):
                return int(place[name])
    return None
