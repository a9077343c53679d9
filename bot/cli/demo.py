"""`caloron demo`: run one whole sprint on this machine, with a forge of its own and recorded agents."""

import signal
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from bot.harness.demo_run import FIXTURE, REPO, play
from bot.harness.environment import BOT, USER, Environment, start_environment

from .drawing import Tasks, board_table
from .output import MarkdownText, output_option, say, stacked


@click.command()
@click.option("--once", is_flag=True, help="Exit when the sprint is done; default: keep everything running.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Working folder; default: a new temporary one.",
)
@click.option("--timeout", default=150.0, show_default=True, help="Time limit for the sprint, in seconds.")
@output_option
def demo(once: bool, folder: Path | None, timeout: float, output: str) -> None:
    """Run one whole sprint on this machine; needs no key, no account and no network."""
    where = (folder or Path(tempfile.mkdtemp(prefix="caloron-demo-"))).absolute()
    with start_environment(where, [REPO], {"CALORON_STUB_FIXTURE": str(FIXTURE)}) as env:
        summary, tasks = play(env, timeout)
        say(output, summary, summary["tasks"], lambda: text_of(summary, tasks))
        if not once:
            _stay(env)


def text_of(summary: dict[str, Any], tasks: Tasks) -> RenderableType:
    """The summary for people."""
    return stacked(
        f"\nThe sprint is done, after {summary['seconds']} s.\n",
        board_table(tasks),
        "",
        MarkdownText(summary["retro"] or "(no retro was posted)"),
        f"\nRepository: {summary['repository']}  (git --git-dir=… log --graph --oneline)",
        f"Logs:       {summary['logs']}",
    )


def _stay(env: Environment) -> None:
    """Print where everything is, and wait for Ctrl-C."""
    users = env.forge["users"]
    click.echo(f"\nThe forge is still running: {env.forge['url']}, repository {REPO}")
    for login in (USER, BOT):
        click.echo(f"  {login}: token {users[login]['token']}")
    click.echo(f"Health of the bot: {env.settings.public_url}/readyz  Press Ctrl-C to stop everything.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("\nStopping.")
