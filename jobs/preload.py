"""Load, before the first job, what the jobs will need, so that nobody waits for it."""

from collections.abc import Callable, Iterable

import structlog

from jobs.context import Context

_log = structlog.get_logger(__name__)


def preload(queue: str, ctx: Context) -> None:
    """Load what the jobs of this queue use; if that fails, the job that needs it will say so."""
    try:
        FOR[queue](ctx)
    except Exception as error:
        _log.warning("could not preload", queue=queue, reason=f"{type(error).__name__}: {error}")


def _decisions(ctx: Context) -> None:
    import shell.policy  # noqa: F401
    from compositions import fingerprint
    from handlers.switchboard import COMPOSITION_NAMES

    _load(COMPOSITION_NAMES)
    fingerprint()


def _actions(ctx: Context) -> None:
    import handlers.repository_labels  # noqa: F401
    import shell.policy  # noqa: F401

    _forges(ctx)
    ctx.know_accounts()
    _load({"wanted", "weigh_approval"})


def _runs(ctx: Context) -> None:
    import shell.agent.run  # noqa: F401
    from shell.agent.path_rules import floor
    from shell.parent import dying_with_us

    floor()
    dying_with_us([])  # what it tries it tries once, and not in each run's child
    _forges(ctx)


def _forges(ctx: Context) -> None:
    for kind in ctx.settings.forges:
        ctx.forge(kind)


def _load(names: Iterable[str]) -> None:
    import compositions

    for name in sorted(names):
        _ = compositions.load(name).program  # compiled when it is first asked for


FOR: dict[str, Callable[[Context], None]] = {
    "events": _decisions,
    "events-urgent": _decisions,
    "actions": _actions,
    "actions-urgent": _actions,
    "agents": _runs,
}
