"""`caloron status`: what runs and what waits for whom, in all repositories."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from .drawing import board_table
from .journals import home_option, open_archive
from .output import indented, output_option, say, stacked
from .sprints import Sprint, all_sprints


@click.command()
@home_option
@output_option
def status(home: Path | None, output: str) -> None:
    """Show the sprints that run or wait, with their tasks and what waits for you."""
    with open_archive(home) as archive:
        sprints = [one for one in all_sprints(archive.store) if not one.over]
        away = {lane: archive.store.remembered(lane).away for lane in {one.lane for one in sprints}}
    data = [one.as_data() | {"waiting_on_you": one.stuck, "away": away[one.lane]} for one in sprints]
    parts = [part for one in sprints for part in (*parts_of(one, away[one.lane]), "")][:-1]
    say(output, data, [one.row() for one in sprints], lambda: stacked(*parts) if parts else NOTHING)


NOTHING = (
    "No sprint is running. To start one, open an issue and set the label caloron:sprint, or comment /plan."
)


def parts_of(sprint: Sprint, away: dict[str, Any] | None) -> Iterator[RenderableType]:
    """A sprint for people."""
    yield f"{sprint.repository}  {sprint.id}  {sprint.status}  {sprint.done_of_all()} done"
    yield f"  #{sprint.record.get('number')} {sprint.record.get('title')}"
    if away:
        yield f"  {away['host']} does not answer ({away['reason']}); the bot keeps trying"
    if sprint.status == "AwaitingApproval":
        yield f"  waiting on you: /approve on #{sprint.record.get('number')}"
    yield indented(board_table(sprint.tasks))
    for name in sprint.stuck:
        task = sprint.tasks[name]
        yield f"  waiting on you: {name}: {task.get('wait') or task.get('blocked_by') or task['status']}"
