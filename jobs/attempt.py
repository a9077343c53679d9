"""One agent's run, from its claim to its end; it is never done twice."""

import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from jobs import context
from jobs.context import Context
from shell.action import Action
from shell.agent.retry import with_retries
from shell.errors import Unavailable
from shell.event import Event
from shell.forge import Forge
from shell.store import Store
from shell.store.inbox import new_id

_log = structlog.get_logger(__name__)

_LINE = 300
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""A store that starts again costs a run nothing but time."""


class Report(Protocol):
    """Who is told of a run, and may end it."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool: ...

    def output(self, line: str) -> None: ...


Runner = Callable[[Mapping[str, Any], Forge, Context, Report], dict[str, Any]]


def attempt(lane: str, key: str) -> None:
    """Do the run, if nobody claimed it before."""
    attempt_with(context.current(), lane, key, run_agent)


def attempt_with(ctx: Context, lane: str, key: str, run: Runner) -> None:
    """The same with these hands."""
    store = ctx.store
    spec = store.claim_run(lane, key, f"{ctx.process}:{os.getpid()}")
    if spec is None:
        return
    if not store.run_may_go_on(lane, key):
        store.finish_run(lane, key, finished(spec, "stopped", "This run was stopped before it began."))
        return
    try:
        result = run(spec, ctx.forge(lane), ctx, _Report(store, lane, key, spec))
    except Exception as error:
        result = _broken(store, lane, spec, error)
    with_retries(lambda: store.finish_run(lane, key, ended(spec, result)), _PAUSES_S)


def run_agent(spec: Mapping[str, Any], forge: Forge, ctx: Context, report: Report) -> dict[str, Any]:
    """The real run; imported here, for only a run needs all of it."""
    from shell.agent.paths import Paths
    from shell.agent.run import run_attempt

    return run_attempt(spec, forge, Paths(ctx.settings.home), report)


def _broken(store: Store, lane: str, spec: Action, error: Exception) -> dict[str, Any]:
    reference = new_id()
    reason = "".join(traceback.format_exception(error))[-4000:]
    store.add_dead_letter(reference, {"lane": lane, "action": spec, "reason": reason})
    _log.error("run failed", lane=lane, task=spec["task_id"], reference=reference, reason=reason)
    return {"outcome": "crashed", "reason": f"Something broke on my side (reference {reference})."}


class _Report:
    """Tells the store of a run."""

    def __init__(self, store: Store, lane: str, key: str, spec: Action) -> None:
        self.store, self.lane, self.key, self.spec = store, lane, key, spec
        self.last_line = ""

    def started(self, pid: int) -> None:
        event = about(self.spec, "agent_started") | {"pid": pid}
        with_retries(lambda: self.store.start_run(self.lane, self.key, event, pid), _PAUSES_S)

    def heartbeat(self, last_sign_at: str) -> None:
        try:
            said = {"last_sign_at": last_sign_at, "last_line": self.last_line}
            self.store.run_sign(self.lane, self.key, **said)
        except Unavailable as error:  # the next sign comes soon
            _log.warning("the store does not answer", reason=str(error))

    def may_go_on(self) -> bool:
        return with_retries(lambda: self.store.run_may_go_on(self.lane, self.key), _PAUSES_S)

    def output(self, line: str) -> None:
        """Kept in the run's own log; the last line is told with the next sign, should it fall silent."""
        self.last_line = line.strip()[:_LINE] or self.last_line


def about(spec: Mapping[str, Any], kind: str) -> Event:
    """An event of a run, without what it tells."""
    named = {name: spec.get(name) for name in ("sprint_id", "task_id", "agent_id", "attempt")}
    key = f"{kind}:{spec['key']}:{spec.get('attempt')}"
    return {"type": kind, "key": key, **named}


def finished(spec: Mapping[str, Any], outcome: str, reason: str) -> Event:
    """The end of a run that brought nothing."""
    return ended(spec, {"outcome": outcome, "reason": reason})


def ended(spec: Mapping[str, Any], result: Mapping[str, Any]) -> Event:
    """The end of a run."""
    nothing: Event = {"changed": [], "head_sha": None, "pr_number": None, "output_tail": "", "cost": {}}
    return about(spec, "agent_finished") | nothing | {"reason": ""} | dict(result)
