"""`caloron attack`: attack a bot of this machine's own, and check that every attack is withstood."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bot.harness.attack import kinds, play, summary
from bot.harness.environment import HarnessError
from shell.logging import set_up

from .output import output_option, say


@click.command()
@click.option("--seed", default=1, show_default=True, help="Decides what is drawn by chance.")
@click.option("--short", is_flag=True, help="Play fewer attempts of each kind, as CI does.")
@click.option(
    "--kind", "names", type=click.Choice([*kinds()]), multiple=True, help="Repeatable; default: all."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Working folder; default: a new temporary one.",
)
@output_option
def attack(seed: int, short: bool, names: Sequence[str], folder: Path | None, output: str) -> None:
    """Attack a bot of this machine's own as agents, strangers and full disks would.

    Exits with 0 only if every attempt was withstood.
    """
    where = (folder or Path(tempfile.mkdtemp(prefix="caloron-attack-"))).absolute()
    where.mkdir(parents=True, exist_ok=True)
    with open(where / "attack.log", "a") as log:
        set_up("attack", log)
        result = summary(seed, play(where, seed, short, names))
    say(output, result, result["kinds"], lambda: text_of(result))
    if not result["held"]:
        raise HarnessError(f"Some attacks succeeded; their files are in {where}")


def text_of(result: dict[str, Any]) -> str:
    """The report for people."""
    lines = ["", f"seed {result['seed']}"]
    for row in result["kinds"]:
        count = f"skipped: {row['skipped']}" if row["skipped"] else f"{row['held']} of {row['tried']} held"
        lines.append(f"{row['kind']:<14} {count:<22} {row['what']}")
        lines += [f"    {broken['name']}: {broken['seen']}" for broken in row["broken"]]
    return "\n".join(
        [*lines, "", "Every attack was withstood." if result["held"] else "Some attacks succeeded."]
    )
