"""`caloron history`: every sprint there ever was."""

from pathlib import Path

import click

from .journals import archive, home_option
from .output import output_option, say, table
from .sprints import all_sprints


@click.command()
@click.option("--repository", metavar="OWNER/NAME", help="Only the sprints of this repository.")
@home_option
@output_option
def history(repository: str | None, home: Path | None, output: str) -> None:
    """List every sprint, the newest last."""
    with archive(home) as held:
        found = [one for one in all_sprints(held.store) if repository in (None, one.repository)]
    rows = [one.row() for one in found]
    say(output, rows, rows, lambda: table(rows) if rows else "There was no sprint yet.")
