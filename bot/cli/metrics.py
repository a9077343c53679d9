"""`caloron metrics`: the figures of finished sprints, in one table."""

from pathlib import Path
from typing import Any

import click

from .journals import home_option, open_archive
from .output import output_option, say, table
from .sprints import all_sprints

SHORT = ("completed_tasks", "completion_rate", "sprint_days", "tasks_per_day", "avg_interventions",
         "avg_review_cycles", "total_tokens", "total_usd")  # fmt: skip


@click.command()
@click.argument("sprint", required=False)
@home_option
@output_option
def metrics(sprint: str | None, home: Path | None, output: str) -> None:
    """Show the main figures of all finished sprints, or every figure of one SPRINT."""
    with open_archive(home) as archive:
        if sprint:
            archive.lane_of(sprint)
        found = {
            one.id: figures(one.record["retro"])
            for one in all_sprints(archive.store)
            if one.record.get("retro") and sprint in (None, one.id)
        }
    if sprint:
        rows = [{"figure": name, "value": value} for name, value in found.get(sprint, {}).items()]
    else:
        rows = [{"sprint": name} | {key: values.get(key) for key in SHORT} for name, values in found.items()]
    empty = "No sprint has finished yet, so there are no figures."
    say(output, found, rows, lambda: table(rows) if rows else empty)


def figures(retro: dict[str, Any]) -> dict[str, Any]:
    """The plain values of a retro."""
    return {name: value for name, value in retro.items() if isinstance(value, int | float | str)}
