"""`caloron status`: what runs, what waits and for whom, of all repositories."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .drawing import board
from .journals import archive, home_option
from .output import output_option, say
from .sprints import Sprint, all_sprints


@click.command()
@home_option
@output_option
def status(home: Path | None, output: str) -> None:
    """Show the sprints that run or wait, their tasks, and who waits for whom."""
    with archive(home) as held:
        sprints = [one for one in all_sprints(held.store) if not one.over]
        away = {lane: held.store.remembered(lane).away for lane in {one.lane for one in sprints}}
    told = [one.whole() | {"waiting_on_you": one.stuck, "away": away[one.lane]} for one in sprints]
    text = "\n\n".join("\n".join(lines_of(one, away[one.lane])) for one in sprints)
    say(output, told, [one.row() for one in sprints], lambda: text or NOTHING)


NOTHING = "No sprint runs. Set the label caloron:sprint on an issue, or write /plan there, to begin one."


def lines_of(sprint: Sprint, away: dict[str, Any] | None) -> Iterator[str]:
    """A sprint as people read it."""
    yield f"{sprint.repository}  {sprint.id}  {sprint.status}  {sprint.counted()} done"
    yield f"  #{sprint.record.get('number')} {sprint.record.get('title')}"
    if away:
        yield f"  {away['host']} does not answer ({away['reason']}); it is asked again"
    if sprint.status == "AwaitingApproval":
        yield f"  waiting on you: /approve on #{sprint.record.get('number')}"
    yield from (f"  {line}" for line in board(sprint.tasks))
    for name in sprint.stuck:
        task = sprint.tasks[name]
        yield f"  waiting on you: {name}: {task.get('wait') or task.get('blocked_by') or task['status']}"
