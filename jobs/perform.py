"""Perform a lane's due actions, reactions first, and put the results into its inbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, cast

import structlog

from jobs import context, project
from jobs.action_handlers import Busy, Target, look, perform_action
from jobs.context import Context
from jobs.failures import logged
from jobs.identify import identify, own_name, own_repository
from shell.action import Action
from shell.admission import UNKNOWN
from shell.clock import now, text_of
from shell.errors import NotYet, Refused, Unavailable, trace_of
from shell.event import Event
from shell.repository_config import effective, merged
from shell.store import Lease, Taken
from shell.store.connection import milliseconds
from shell.store.inbox import new_id

if TYPE_CHECKING:
    from stages.world import (
        Available,
        Looks,
        Performed,
        RepositoryPolicy,
        RepositoryValues,
        RunSpec,
        Seen,
        SpawnAgent,
        State,
    )
    from stages.world import Refused as RefusedEvent
    from stages.world import Unavailable as UnavailableEvent

_log = structlog.get_logger(__name__)

BATCH = 2
"""Few, because what arrives meanwhile may be more urgent than the rest."""
TURN_ACTIONS = 40
TURN_S = 0.1
"""After this many actions, or this long while other lanes wait, another lane gets its turn."""
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 300.0
NOT_YET_S = (0.5, 1.0, 2.0, 5.0)
NOT_YET_FOR_S = 60.0
BUSY_S = 0.5
OUTSIDE = "outside"
"""The key of the one line in a repository that was not let in."""


def perform(lane: str, first: bool = False) -> None:
    """Job: perform the lane's due actions, in a thread of their own if this process has threads."""
    ctx = context.current()

    def work() -> None:
        with logged("perform", lane):
            perform_with(ctx, lane, first)

    ctx.threads.run(work) if ctx.threads else work()


def perform_first(lane: str) -> None:
    """Job: the same, for an urgent wake-up."""
    perform(lane, first=True)


def perform_with(ctx: Context, lane: str, first: bool = False) -> None:
    """Perform what is due in the lane, then update what it shows, unless another process does already."""
    while True:
        lease = ctx.store.perform_lease(lane, first)
        if lease is None:
            return
        performer, due = _Performer(ctx, lane, lease), 0
        try:
            with lease.kept():
                all_done = performer.work() if _is_let_in(ctx, lane) else performer.work_outside()
        finally:
            due = lease.release()
        if not all_done:
            ctx.store.enqueue("actions", lane)
            return
        # something may have arrived after the last read, when its wake-up found the lane held
        if performer.waits() or not (due or performer.version != ctx.store.version(lane)):
            return


def _is_let_in(ctx: Context, lane: str) -> bool:
    """Whether the bot may act there; the forge is asked what a repository is that is not known yet."""
    admission = ctx.admission(lane)
    if admission is UNKNOWN and (ctx.store.waiting(lane) or ctx.store.version(lane)):
        try:
            admission = identify(ctx, lane)
        except Unavailable as fault:
            _log.warning("a new repository cannot be asked for", lane=lane, reason=str(fault))
            return False
        ctx.store.enqueue("events", lane, first=True)
    return admission.let_in


class _Performer:
    """One performer at work on one lane."""

    def __init__(self, ctx: Context, lane: str, lease: Lease) -> None:
        self.ctx, self.lane, self.lease = ctx, lane, lease
        self.store = ctx.store
        self.memory = self.store.remembered(lane)
        self.away = self.memory.away
        self.doubted = False
        """Whether a call failed that was assumed to fail alone, and none has succeeded since."""
        self.actions_left = TURN_ACTIONS
        self.until = monotonic() + TURN_S
        self.version = 0
        """The version of the state that was shown, as far as possible."""

    def waits(self) -> bool:
        """Whether the host is unavailable, and it is too early to try again."""
        return self.away is not None and self.away["until_ms"] > milliseconds()

    def work(self) -> bool:
        """Do what is due; False if there is more to do right away."""
        if self.waits():
            return True
        while taken := self.store.due_actions(self.lane, BATCH):
            for one in taken:
                if self.actions_left == 0 or self.lease.lost:
                    return False
                self.actions_left -= 1
                if not self._do(one):
                    return True
            if self._turn_is_over():
                return False
        return self._show()

    def work_outside(self) -> bool:
        """Where the bot was not let in only the one line that says so is written; all else waits."""
        while not self.waits() and (taken := self.store.due_actions(self.lane, BATCH)):
            for one in taken:
                if one.key != OUTSIDE:
                    self.store.postpone(self.lane, one, LONGEST_DELAY_S, one.tries)
                elif not self._do(one):
                    break
        self.version = self.store.version(self.lane)
        self.store.set_projected(self.lane, self.version)  # nothing is shown there
        return True

    def _turn_is_over(self) -> bool:
        return monotonic() > self.until and self.store.has_waiting("actions")

    def _show(self) -> bool:
        if self.lease.lost:
            return False
        try:
            shown = project.project(self.ctx, self.lane, self.memory, self.target, self.actions_left)
        except Unavailable as fault:
            self._host_unavailable(fault)
            return True
        self.version = shown.version
        if shown.written:
            self._host_answered(None)
        return shown.complete

    def target(self) -> Target:
        """Created when first needed: a lane whose repository is not known yet can still stop an agent."""
        ctx, lane = self.ctx, self.lane
        me, repo = ctx.account(lane)["id"], own_name(ctx, lane)
        return Target(
            self.store,
            ctx.forge(lane),
            lane,
            repo,
            me,
            git=lambda: ctx.repository(lane, repo),
            weigh=lambda facts: ctx.run("weigh_approval", {"facts": facts})[0],
            ours=lambda: ctx.our_accounts(lane),
            home=ctx.settings.home,
            holds=self._holds,
            lets_in=lambda found: ctx.lets_in(lane, found),
            restored=self.memory.restored is not None,
        )

    def _holds(self, values: RepositoryValues) -> RepositoryPolicy:
        """What would be in effect if the repository's own file set these values."""
        beneath = self.store.load(self.lane).state.get("organisation")
        return effective(self.ctx.settings, merged(beneath["defaults"] if beneath else {}, values))

    # One action

    def _do(self, taken: Taken) -> bool:
        """Perform it and put the result into the inbox; False if its host is unavailable."""
        try:
            self._done(taken)
        except NotYet as fault:
            self._not_yet(taken, fault)
        except Unavailable as fault:
            return self._unavailable(taken, fault)
        except Busy:
            self.store.postpone(self.lane, taken, BUSY_S, taken.tries)
        except Refused as refusal:
            self._answer(taken, _refused(taken, refusal.status, refusal.message))
        except Exception as error:
            self._broken(taken, error)
        return True

    def _done(self, taken: Taken) -> None:
        action = taken.action
        if action["type"] == "spawn_agent":
            self._spawn(taken, action)
        elif action["type"] == "show":
            self.store.answer(self.lane, taken)
        elif action["type"] == "look":
            self._answer(taken, _seen(taken, action, self._look(action)))
        elif not _still_wanted(self.store.load(self.lane).state, action):
            withdrawn = _refused(taken, 409, "no longer wanted")
            withdrawn["withdrawn"] = True
            self._put_in(taken, withdrawn)
        else:
            performed: Performed = {
                "type": "performed",
                "key": _key("performed", taken),
                "at": now(),
                "result": perform_action(self.target(), taken),
                "action": action,
            }
            self._answer(taken, performed)

    def _look(self, action: Looks) -> object:
        """What is there; with each catching up, whether the repository is still the same."""
        if action["what"] == "repository":
            return own_repository(self.ctx, self.lane)
        if action["what"] == "catch_up":
            own_repository(self.ctx, self.lane)
        return look(self.target(), action)

    def _spawn(self, taken: Taken, action: SpawnAgent) -> None:
        target, about = self.target(), self.store.about(self.lane)
        spec: RunSpec = {
            **action,
            "lane": self.lane,
            "repo": target.repo,
            "repo_id": int(about.get("repo_id") or self.lane.partition("-")[2]),
            "clone_url": target.forge.clone_url(target.repo),
        }
        self.store.queue_run(self.lane, taken, spec)

    def _answer(self, taken: Taken, event: Event) -> None:
        self._put_in(taken, event)
        self._host_answered(taken)

    def _put_in(self, taken: Taken, event: Event) -> None:
        """Put the result, which may not come from the host, into the inbox."""
        self.store.answer(self.lane, taken, *self._available_again(taken), event)

    def _available_again(self, taken: Taken) -> list[Event]:
        """If the host was reported unavailable for this action alone, report it available again."""
        host = taken.tries.get("host")
        return [_available(host, _key("available", taken))] if host else []

    def _broken(self, taken: Taken, error: Exception) -> None:
        """An internal error: store it as a dead letter, and answer with its reference."""
        reference = new_id()
        reason = trace_of(error)
        self.store.add_dead_letter(reference, {"lane": self.lane, "action": taken.action, "reason": reason})
        _log.error("action failed", lane=self.lane, key=taken.key, reference=reference, reason=reason)
        self._answer(taken, _refused(taken, 500, f"internal error, reference {reference}"))

    # The host is unavailable

    def _not_yet(self, taken: Taken, fault: NotYet) -> None:
        since = taken.tries.get("not_yet_since_ms") or milliseconds()
        if milliseconds() - since > NOT_YET_FOR_S * 1000:
            conflict = _refused(taken, 409, "conflict")
            conflict["reason"] = fault.reason
            self._answer(taken, conflict)
            return
        count = int(taken.tries.get("not_yet") or 0)
        delay = NOT_YET_S[min(count, len(NOT_YET_S) - 1)]
        tries = taken.tries | {"not_yet": count + 1, "not_yet_since_ms": since, "reason": fault.reason}
        self.store.postpone(self.lane, taken, delay, tries)

    def _unavailable(self, taken: Taken, fault: Unavailable) -> bool:
        """Put it back into the outbox; True if it concerns only this call and the next may be tried."""
        count = int(taken.tries.get("count") or 0)
        alone = fault.status == 500 or self._fails_alone(count, fault)
        delay = _delay(count, fault.retry_after)
        tries = taken.tries | {"count": count + 1, "reason": fault.reason}
        if alone and "host" not in tries:
            tries["host"] = fault.host
            self.store.put_event(self.lane, _unavailable(fault, delay, _key("unavailable", taken)))
        self.store.postpone(self.lane, taken, delay, tries)
        if not alone:
            self._host_unavailable(fault)
        return alone

    def _fails_alone(self, count: int, fault: Unavailable) -> bool:
        """Whether it failed before while its host answered other calls: twice in a row is no coincidence.

        A rate limit and a rejected token never concern one call alone.
        """
        alone = count > 0 and self.away is None and not self.doubted and (fault.status or 500) >= 500
        self.doubted = self.doubted or alone
        return alone

    def _host_unavailable(self, fault: Unavailable) -> None:
        """The lane waits until its host is tried again; that it is unavailable is reported once."""
        before = self.away or {"since": now(), "tries": 0}
        wait = _delay(before["tries"], fault.retry_after)
        report = _unavailable(fault, wait, f"unavailable:{fault.host}:{before['since']}")
        event = None if self.away else report
        until = {"until_ms": milliseconds() + int(wait * 1000), "tries": before["tries"] + 1}
        self.away = before | until | {"host": fault.host, "reason": fault.reason}
        self.store.set_away(self.lane, self.away, event)

    def _host_answered(self, taken: Taken | None) -> None:
        """If the host was unavailable, report that it is back."""
        if taken is not None and taken.action["type"] in _OFFLINE:
            return
        self.doubted = False
        if self.away is None:
            return
        host, since = self.away["host"], self.away["since"]
        self.away = None
        self.store.set_away(self.lane, None, _available(host, f"available:{host}:{since}"))


def _key(kind: str, taken: Taken) -> str:
    return f"{kind}:{taken.key}:{taken.seq}"


def _still_wanted(state: State, action: Action) -> bool:
    """Whether its task still waits for exactly this merge, which may have waited for long.

    Anything else, and what has no task, cannot be withdrawn.
    """
    if action["type"] not in ("merge_pr", "update_branch") or "task_id" not in action:
        return True
    kickoff = (state.get("kickoffs") or {}).get(str(state.get("running")))
    task = (state.get("tasks") or {}).get(action["task_id"])
    same_sprint = (kickoff.get("id") if kickoff else None) == action.get("sprint_id")
    return same_sprint and (task.get("merging") if task else None) == action["head_sha"]


_OFFLINE = frozenset({"stop_agent", "tell_agent", "spawn_agent", "show"})
"""Actions that need no call to the forge."""


def _unavailable(fault: Unavailable, wait: float, key: str) -> UnavailableEvent:
    until = text_of(datetime.now(UTC) + timedelta(seconds=wait))
    return {"type": "unavailable", "key": key, "host": fault.host, "reason": fault.reason, "until": until}


def _available(host: str, key: str) -> Available:
    return {"type": "available", "host": host, "key": key}


def _refused(taken: Taken, status: int, message: str) -> RefusedEvent:
    return {
        "type": "refused",
        "key": _key("refused", taken),
        "at": now(),
        "action": taken.action,
        "status": status,
        "message": message,
    }


def _delay(count: int, retry_after: float | None) -> float:
    doubled: float = FIRST_DELAY_S * 2 ** min(count, 20)
    return max(min(doubled, LONGEST_DELAY_S), retry_after or 0.0)


_LOOKED_AT = ("what", "number", "comment_id", "login")


def _seen(taken: Taken, action: Looks, found: object) -> Seen:
    """The answer to a look: what is asked for says what was found."""
    looked_at = {name: value for name, value in action.items() if name in _LOOKED_AT}
    event = {"type": "seen", "key": _key("seen", taken), "at": now(), "request": action, "there": found}
    return cast("Seen", {**event, **looked_at})
