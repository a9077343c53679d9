"""`caloron kill`: kill processes in the middle of sprints, and check that nothing is lost or doubled."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bot.harness.environment import HarnessError
from bot.harness.kill_points import KILL_POINTS
from bot.harness.kill_run import run

from .output import output_option, say


@click.command()
@click.option("--seed", default=1, show_default=True, help="Decides which process is killed when.")
@click.option("--sprints", default=3, show_default=True, help="How many; each victim is killed once in each.")
@click.option(
    "--forge",
    type=click.Choice(["fake", "gitea"]),
    default="fake",
    show_default=True,
    help="The forge to run on.",
)
@click.option(
    "--victim", "victims", type=click.Choice([*KILL_POINTS]), multiple=True, help="Repeatable; default: all."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Working folder; default: a new temporary one.",
)
@click.option("--timeout", default=300.0, show_default=True, help="Time limit for each sprint, in seconds.")
@output_option
def kill(
    seed: int,
    sprints: int,
    forge: str,
    victims: Sequence[str],
    folder: Path | None,
    timeout: float,
    output: str,
) -> None:
    """Run sprints while processes are killed with SIGKILL.

    Exits with 0 only if nothing was lost and nothing was done twice.
    """
    where = (folder or Path(tempfile.mkdtemp(prefix="caloron-kill-"))).absolute()
    result = run(where, seed, sprints, forge, victims, timeout)
    say(output, result, result["kills"], lambda: text_of(result))
    if result["wrong"]:
        raise HarnessError(f"Some checks failed; the logs are in {where / 'home' / 'logs'}")


def text_of(result: dict[str, Any]) -> str:
    """The report for people."""
    killed = ", ".join(f"{victim} {count}×" for victim, count in result["killed"].items())
    lines = ["", f"seed {result['seed']}, {result['forge']} forge, {result['seconds']} s"]
    lines += [f"{len(result['kills'])} kills: {killed}", "", *result["attempts"], "", *result["sprints"]]
    return "\n".join([*lines, "", *(result["wrong"] or ["Nothing was lost, nothing was done twice."])])
