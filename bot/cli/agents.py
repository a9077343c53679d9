"""`caloron agents`: which agents run now and when each was last heard from, and how to set one up."""

from pathlib import Path

import click

from shell.agent.frameworks import FrameworkError, framework_of
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Paths
from shell.agent.setup import installable, set_up
from shell.disk import Reserve
from shell.settings import Settings

from .journals import home_option, open_archive
from .output import output_option, printable, say, table
from .prove import prove


@click.group(invoke_without_command=True)
@home_option
@output_option
@click.pass_context
def agents(ctx: click.Context, home: Path | None, output: str) -> None:
    """List the agents that run or wait in the queue."""
    if ctx.invoked_subcommand is not None:
        return
    with open_archive(home) as archive:
        rows = archive.store.agents()
    say(output, rows, rows, lambda: table(rows) if rows else "No agent is running.")


@agents.command()
@click.argument("framework", type=click.Choice(installable()))
def setup(framework: str) -> None:
    """Install an agent FRAMEWORK into CALORON_HOME, in the version that this bot was tried with.

    Its files come from npm or PyPI; each is checked against a hash that comes with the bot. No install
    script runs.
    """
    settings = Settings.load()
    reserve = Reserve.of(settings.home, settings.disk_reserve_mb)
    paths = Paths(settings.home, sandbox=settings.sandbox, operator=settings.operator, reserve=reserve)
    if shortage := reserve.shortage():
        raise click.ClickException(shortage)
    try:
        program = set_up(framework_of(framework), paths, _Progress())
    except (FrameworkError, AttemptEnded) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{framework} is installed: {program}")


agents.add_command(prove)


class _Progress:
    """Shows what the installer prints; Ctrl-C ends it, and puts back what was there."""

    def started(self, pid: int) -> None: ...

    def heartbeat(self, last_sign_at: str) -> None: ...

    def may_go_on(self) -> bool:
        return True

    def output(self, line: str) -> None:
        click.echo(printable(line))

    def pushing(self, commit: str, partial: bool = False) -> None: ...
