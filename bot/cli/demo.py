"""`caloron demo`: run one whole sprint on this machine, with a forge of its own and recorded agents."""

import signal
import tempfile
from pathlib import Path
from typing import Any

import click

from bot.harness.demo_run import FIXTURE, REPO, play
from bot.harness.environment import BOT, PERSON, Scene, scenery

from .output import output_option, say
from .plain import plain


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
    with scenery(where, [REPO], {"CALORON_STUB_FIXTURE": str(FIXTURE)}) as scene:
        summary = play(scene, timeout)
        say(output, summary, summary["tasks"], lambda: text_of(summary))
        if not once:
            _stay(scene)


def text_of(summary: dict[str, Any]) -> str:
    """The summary as people read it."""
    lines = ["", f"The sprint is done, after {summary['seconds']} s.", "", *summary["board"], ""]
    lines += [plain(summary["retro"] or "(no retro was posted)"), ""]
    lines += [f"Repository: {summary['repository']}  (git --git-dir=… log --graph --oneline)"]
    return "\n".join([*lines, f"Logs:       {summary['logs']}"])


def _stay(scene: Scene) -> None:
    """Say where everything is, and wait for Ctrl-C."""
    users = scene.forge["users"]
    click.echo(f"\nThe forge stays up: {scene.forge['url']}  repository {REPO}")
    for login in (PERSON, BOT):
        click.echo(f"  {login}: token {users[login]['token']}")
    click.echo(f"The door: {scene.settings.public_url}/readyz  Stop everything with Ctrl-C.")
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("\nstopping")
