"""`caloron metrics`: the figures of the sprints that have ended, beside each other."""

from pathlib import Path
from typing import Any

import click

from .journals import archive, home_option
from .output import output_option, say, table
from .sprints import all_sprints

SHORT = ("completed_tasks", "completion_rate", "sprint_days", "tasks_per_day", "avg_interventions",
         "avg_review_cycles", "total_tokens")  # fmt: skip


@click.command()
@click.argument("sprint", required=False)
@home_option
@output_option
def metrics(sprint: str | None, home: Path | None, output: str) -> None:
    """Show the figures of all ended sprints, or all figures of one SPRINT."""
    with archive(home) as held:
        if sprint:
            held.lane_of(sprint)
        found = {
            one.id: figures(one.record["retro"])
            for one in all_sprints(held.store)
            if one.record.get("retro") and sprint in (None, one.id)
        }
    if sprint:
        rows = [{"figure": name, "value": value} for name, value in found.get(sprint, {}).items()]
    else:
        rows = [{"sprint": name} | {key: told.get(key) for key in SHORT} for name, told in found.items()]
    say(
        output,
        found,
        rows,
        lambda: table(rows) if rows else "No sprint has ended yet, so there are no figures.",
    )


def figures(retro: dict[str, Any]) -> dict[str, Any]:
    """The plain numbers of a retro."""
    return {name: value for name, value in retro.items() if isinstance(value, int | float | str)}
