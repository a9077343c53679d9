"""`caloron agents prove`: shows what the agents do that are set up, against a model that is played."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from bot.harness.prove import Row, play_agent, table_of, write_into
from shell.agent.frameworks import framework_of
from shell.agent.paths import Paths
from shell.agent.setup import installable, version
from shell.settings import Settings

from .output import output_option, say


@click.command()
@click.option("--seed", default=1, show_default=True, help="Draws what the agents write.")
@click.option(
    "--agent", "names", type=click.Choice(installable()), multiple=True, help="Repeatable; default: all."
)
@click.option(
    "--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Write the table there."
)
@output_option
def prove(seed: int, names: Sequence[str], page: Path | None, output: str) -> None:
    """Show what each agent that is set up really does, against a model that is played.

    Each one runs behind walls, at tasks of a forge of its own: it writes a file and runs a command, is
    sent back by a verification, is told something, is stopped, and meets a model that refuses, is
    overloaded, is slow or breaks off. It takes a few minutes an agent. No key of yours is used.
    """
    paths = Paths(Settings.load().home)
    rows: dict[str, Row] = {}
    for name in names or installable():
        there = paths.installed(name).resolve()
        if not (there / framework_of(name).installed_at).is_file():
            raise click.ClickException(f"{name} is not set up; run `caloron agents setup {name}`")
        with tempfile.TemporaryDirectory(prefix="caloron-prove-") as folder:
            rows[name] = play_agent(name, there, Path(folder), seed)
    table = table_of(rows, {name: version(name) for name in rows})
    if page is not None:
        write_into(page, table)
    say(output, rows, [{"agent": name, **row} for name, row in rows.items()], lambda: table)
