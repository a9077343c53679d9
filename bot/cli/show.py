"""`caloron show SPRINT`: one sprint with its tasks, its numbers and its retro."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .drawing import board
from .journals import archive, home_option
from .metrics import figures
from .output import output_option, say
from .sprints import Sprint, all_sprints


@click.command()
@click.argument("sprint")
@home_option
@output_option
def show(sprint: str, home: Path | None, output: str) -> None:
    """Show one sprint: its goal, its tasks, and after its end its figures."""
    with archive(home) as held:
        held.lane_of(sprint)
        found = next((one for one in all_sprints(held.store) if one.id == sprint), None)
    if found is None:
        raise click.ClickException(f"{sprint!r} is no sprint; `caloron history` names them all.")
    say(output, found.whole(), [*task_rows(found)], lambda: "\n".join(lines_of(found)))


def task_rows(sprint: Sprint) -> Iterator[dict[str, Any]]:
    names = ("title", "status", "agent_id", "attempt", "issue_number", "pr_number", "wait", "blocked_by")
    for name, task in sprint.tasks.items():
        yield {"task": name, **{field: task.get(field) for field in names}}


def lines_of(sprint: Sprint) -> Iterator[str]:
    """A sprint as people read it."""
    record = sprint.record
    yield f"{sprint.id}: {record.get('title')}"
    yield f"{sprint.repository} #{record.get('number')}, {sprint.status}, {sprint.counted()} done"
    times = {"planned": "planned_at", "approved": "approved_at", "started": "started_at", "ended": "ended_at"}
    told = [f"{word} {record[field]}" for word, field in times.items() if record.get(field)]
    if told:
        yield ", ".join(told)
    yield f"\n{record.get('goal')}\n"
    yield from board(sprint.tasks)
    for name, task in sprint.tasks.items():
        reason = task.get("wait") or task.get("blocked_by")
        if reason:
            yield f"{name} waits: {reason}"
    if record.get("retro"):
        yield ""
        yield from (f"{name:<22} {value}" for name, value in figures(record["retro"]).items())
