"""`caloron history`: every sprint so far."""

from pathlib import Path

import click

from .journals import home_option, open_archive
from .output import output_option, say, table
from .sprints import all_sprints


@click.command()
@click.option("--repository", metavar="OWNER/NAME", help="Only the sprints of this repository.")
@home_option
@output_option
def history(repository: str | None, home: Path | None, output: str) -> None:
    """List every sprint, the newest last."""
    with open_archive(home) as archive:
        found = [one for one in all_sprints(archive.store) if repository in (None, one.repository)]
    rows = [one.row() for one in found]
    say(output, rows, rows, lambda: table(rows) if rows else "There are no sprints yet.")
