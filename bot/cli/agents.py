"""`caloron agents`: which agents run now, and when each was last heard from."""

from pathlib import Path

import click

from .journals import home_option, open_archive
from .output import output_option, say, table


@click.command()
@home_option
@output_option
def agents(home: Path | None, output: str) -> None:
    """List the agents that run or wait in the queue."""
    with open_archive(home) as archive:
        rows = archive.store.agents()
    say(output, rows, rows, lambda: table(rows) if rows else "No agent is running.")
