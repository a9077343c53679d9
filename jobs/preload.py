"""Before the first job: load what it will need, so that nobody waits for it then."""

from collections.abc import Callable, Iterable

import structlog

from jobs.context import Context

_log = structlog.get_logger(__name__)


def preload(queue: str, ctx: Context) -> None:
    """Load what the jobs of this queue use; what cannot be loaded is told by the job that misses it."""
    try:
        FOR[queue](ctx)
    except Exception as error:
        _log.warning("not loaded beforehand", queue=queue, reason=f"{type(error).__name__}: {error}")


def _decisions(ctx: Context) -> None:
    import shell.policy  # noqa: F401
    from handlers.switchboard import COMPOSITION_NAMES

    _load(COMPOSITION_NAMES)


def _deeds(ctx: Context) -> None:
    _forges(ctx)
    _decisions(ctx)
    _load({"wanted"})


def _runs(ctx: Context) -> None:
    import shell.agent.run  # noqa: F401

    _forges(ctx)


def _forges(ctx: Context) -> None:
    for kind in ctx.settings.forges:
        ctx.forge(kind)


def _load(names: Iterable[str]) -> None:
    import compositions

    for name in sorted(names):
        _ = compositions.load(name).program  # compiled when it is first asked for


FOR: dict[str, Callable[[Context], None]] = {"events": _decisions, "actions": _deeds, "agents": _runs}
