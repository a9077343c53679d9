"""`caloron show SPRINT`: one sprint with its tasks, its figures and its retro."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from .drawing import board_table
from .journals import home_option, open_archive
from .metrics import figures
from .output import output_option, say, stacked
from .sprints import Sprint, all_sprints

TIMES = {"planned": "planned_at", "approved": "approved_at", "started": "started_at", "ended": "ended_at"}
"""What a sprint went through, by the field that says when."""


@click.command()
@click.argument("sprint")
@home_option
@output_option
def show(sprint: str, home: Path | None, output: str) -> None:
    """Show one sprint: its goal, its tasks, and its figures once it has finished."""
    with open_archive(home) as archive:
        archive.lane_of(sprint)
        found = next((one for one in all_sprints(archive.store) if one.id == sprint), None)
    if found is None:
        raise click.ClickException(f"{sprint!r} is not a sprint; `caloron history` lists them all.")
    say(output, found.as_data(), [*task_rows(found)], lambda: stacked(*parts_of(found)))


def task_rows(sprint: Sprint) -> Iterator[dict[str, Any]]:
    names = ("title", "status", "agent_id", "attempt", "issue_number", "pr_number", "wait", "blocked_by")
    for name, task in sprint.tasks.items():
        yield {"task": name, **{field: task.get(field) for field in names}}


def parts_of(sprint: Sprint) -> Iterator[RenderableType]:
    """The sprint for people."""
    record = sprint.record
    yield f"{sprint.id}: {record.get('title')}"
    yield f"{sprint.repository} #{record.get('number')}, {sprint.status}, {sprint.done_of_all()} done"
    times = [f"{word} {record[field]}" for word, field in TIMES.items() if record.get(field)]
    if times:
        yield ", ".join(times)
    yield f"\n{record.get('goal')}\n"
    yield board_table(sprint.tasks)
    for name, task in sprint.tasks.items():
        reason = task.get("wait") or task.get("blocked_by")
        if reason:
            yield f"{name} waits: {reason}"
    if record.get("retro"):
        yield ""
        yield from (f"{name:<22} {value}" for name, value in figures(record["retro"]).items())
