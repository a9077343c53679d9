"""One agent's run, from claim to end; it is never repeated."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import structlog

from jobs import context
from jobs.child import in_child
from jobs.context import Context
from jobs.failures import logged
from shell.agent.outcome import WorkLeft
from shell.agent.retry import with_retries
from shell.clock import now
from shell.errors import Unavailable, trace_of
from shell.forge import Forge
from shell.run_bounds import bounded_result
from shell.settings import Settings
from shell.store import Store
from shell.store.inbox import new_id

if TYPE_CHECKING:
    from stages.world import AgentFinished, AgentPushed, AgentStarted, OfRun, Outcome, RunResult, RunSpec

_log = structlog.get_logger(__name__)

RENEW_S = 4.0
_LINE = 300
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""How long to wait between attempts while the store is unavailable, so that a restart does not end a run."""


class Report(Protocol):
    """Receives the progress of a run, and may end it."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool: ...

    def output(self, line: str) -> None: ...

    def pushing(self, commit: str, partial: bool = False) -> None: ...

    def told(self) -> list[str]: ...

    def work_left(self) -> WorkLeft: ...


Runner = Callable[["RunSpec", Forge, Context, Report], "RunResult"]


def attempt(lane: str, key: str) -> None:
    """Job: do a run in a child process, and renew its lease here, because the child may hang.

    The job wakes up a worker; which queued run starts is decided now, so that repositories take turns.
    """
    ctx = context.current()
    if shortage := ctx.reserve().shortage():  # the sweep enqueues the run again
        _log.warning("no run starts", lane=lane, reason=shortage)
        return
    chosen = ctx.store.choose_run(ctx.may_start)
    if chosen is None:
        return
    lane, key = chosen
    with logged("attempt", lane):
        code = in_child(
            lambda: _in_child(ctx.settings, lane, key), lambda: _keep_lease(ctx, lane, key), RENEW_S
        )
        if code:
            _crashed(ctx.store, lane, key, code)


def _in_child(settings: Settings, lane: str, key: str) -> None:
    with logged("attempt", lane):
        context.use(ctx := Context.of(settings))
        attempt_with(ctx, lane, key, run_agent)


def _keep_lease(ctx: Context, lane: str, key: str) -> None:
    """Called while the child lives; if the store is unavailable, the run goes on."""
    ctx.beat()
    try:
        ctx.store.renew_run(lane, key)
    except Unavailable as error:
        _log.warning("the store does not answer; the run goes on", lane=lane, reason=str(error))


def _crashed(store: Store, lane: str, key: str, code: int) -> None:
    """The child died: put the event at once, without waiting for the lease to expire."""
    run = store.run(lane, key)
    if run is not None:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        reason = f"The process of this run ended unexpectedly ({how})."
        store.finish_run(lane, key, finished(run["spec"], "crashed", reason))


def attempt_with(ctx: Context, lane: str, key: str, run: Runner) -> None:
    """Do the run, unless it is already claimed."""
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


def run_agent(spec: RunSpec, forge: Forge, ctx: Context, report: Report) -> RunResult:
    """The real run, in a process of its own; imported here, because only a run needs all of it."""
    from shell.agent.paths import Paths
    from shell.agent.pull import base_now
    from shell.agent.quota import own_mounts
    from shell.agent.run import run_attempt

    settings = ctx.settings
    paths = Paths(
        settings.home,
        sandbox=settings.sandbox,
        operator=settings.operator,
        agent_env=settings.agent_env,
        reserve=ctx.reserve(),
        own_disks=own_mounts(),
    )
    spec = {**spec, "base": base_now(spec, forge)}
    return run_attempt(spec, forge, paths, report, report.told, report.work_left)


def _broken(store: Store, lane: str, spec: RunSpec, error: Exception) -> RunResult:
    reference = new_id()
    reason = trace_of(error)
    store.add_dead_letter(reference, {"lane": lane, "action": spec, "reason": reason})
    _log.error("run failed", lane=lane, task=spec["task_id"], reference=reference, reason=reason)
    return {"outcome": "crashed", "reason": f"Internal error, reference {reference}."}


class _Report:
    """Reports a run to the store."""

    def __init__(self, store: Store, lane: str, key: str, spec: RunSpec) -> None:
        self.store, self.lane, self.key, self.spec = store, lane, key, spec
        self.last_line, self.heard = "", 0

    def started(self, pid: int) -> None:
        event: AgentStarted = {
            **of_run(self.spec),
            "type": "agent_started",
            "key": key_of(self.spec, "agent_started"),
            "pid": pid,
        }
        with_retries(lambda: self.store.start_run(self.lane, self.key, event, pid), _PAUSES_S)

    def heartbeat(self, last_sign_at: str) -> None:
        try:
            fields = {"last_sign_at": last_sign_at, "last_line": self.last_line}
            self.store.run_sign(self.lane, self.key, **fields)
        except Unavailable as error:  # the next heartbeat comes soon
            _log.warning("the store does not answer", reason=str(error))

    def may_go_on(self) -> bool:
        return with_retries(lambda: self.store.run_may_go_on(self.lane, self.key), _PAUSES_S)

    def work_left(self) -> WorkLeft:
        """What becomes of the work of this run, which may not go on."""
        return with_retries(lambda: self.store.work_of_run(self.lane, self.key), _PAUSES_S)

    def told(self) -> list[str]:
        """What people told the agent since this was asked last."""
        try:
            words = self.store.told_run(self.lane, self.key, self.heard)
        except Unavailable as error:  # asked again with the next heartbeat
            _log.warning("the store does not answer", reason=str(error))
            return []
        self.heard += len(words)
        return words

    def output(self, line: str) -> None:
        """The log of the run has it all; the last line goes with the next heartbeat."""
        self.last_line = line.strip()[:_LINE] or self.last_line

    def pushing(self, commit: str, partial: bool = False) -> None:
        """Durable before the push: the commit is the shell's, also if nothing more is heard of this run."""
        event: AgentPushed = {
            **of_run(self.spec),
            "type": "agent_pushed",
            "key": f"{key_of(self.spec, 'agent_pushed')}:{commit}",
            "at": now(),
            "head_sha": commit,
            "partial": partial,
        }
        with_retries(lambda: self.store.put_event(self.lane, event), _PAUSES_S)


def key_of(spec: RunSpec, kind: str) -> str:
    """The key of a run's event."""
    return f"{kind}:{spec['key']}:{spec['attempt']}"


def of_run(spec: RunSpec) -> OfRun:
    """What every event of a run says of it."""
    return {
        "sprint_id": spec.get("sprint_id"),
        "task_id": spec["task_id"],
        "agent_id": spec["agent_id"],
        "attempt": spec["attempt"],
    }


def finished(spec: RunSpec, outcome: Outcome, reason: str) -> AgentFinished:
    """The end of a run without a result."""
    return ended(spec, {"outcome": outcome, "reason": reason})


def ended(spec: RunSpec, result: RunResult) -> AgentFinished:
    """The end of a run; what the agent had a part in is bounded here, however it came about."""
    result = bounded_result(result)
    return {
        **of_run(spec),
        "type": "agent_finished",
        "key": key_of(spec, "agent_finished"),
        "outcome": result["outcome"],
        "changed": result.get("changed", []),
        "head_sha": result.get("head_sha"),
        "pr_number": result.get("pr_number"),
        "reason": result.get("reason", ""),
        "output_tail": result.get("output_tail", ""),
        "feedback": result.get("feedback"),
        "cost": result.get("cost", {}),
        "framework": spec.get("framework"),
        "retry_after_s": result.get("retry_after_s"),
        "verification": result.get("verification", []),
    }
