"""`caloron agents`: which agents run now, and their last sign of life."""

from pathlib import Path

import click

from .journals import archive, home_option
from .output import output_option, say, table


@click.command()
@home_option
@output_option
def agents(home: Path | None, output: str) -> None:
    """List the agents that run or wait for their turn."""
    with archive(home) as held:
        rows = held.store.agents()
    say(output, rows, rows, lambda: table(rows) if rows else "No agent runs.")
