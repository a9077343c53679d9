"""Retention: old journal entries move to files; old heartbeats and logs are deleted."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs.context import Context
from shell.clock import text_of

JOURNAL_DAYS = 90


def retain(ctx: Context) -> None:
    """Remove what is old."""
    ctx.store.forget_heartbeats()
    before = text_of(datetime.now(UTC) - timedelta(days=JOURNAL_DAYS))
    for lane in ctx.store.lanes():
        file_journal(ctx, lane, before)
    _remove_old_logs(ctx)


def file_journal(ctx: Context, lane: str, before: str) -> int:
    """Move the lane's older entries to its file; how many."""
    moved = 0
    while lines := ctx.store.old_journal(lane, before):
        _append(ctx.settings.home / "journals" / f"{lane}.jsonl", lines)
        ctx.store.drop_journal(lane, len(lines))
        moved += len(lines)
    return moved


def _append(file: Path, lines: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", errors="surrogateescape", newline="\n") as text:
        text.writelines(f"{line}\n" for line in lines)
        text.flush()
        os.fsync(text.fileno())


def _remove_old_logs(ctx: Context) -> None:
    from shell.agent.paths import Paths, remove_old_logs

    remove_old_logs(Paths(ctx.settings.home, {}))
