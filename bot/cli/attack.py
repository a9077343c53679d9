"""`caloron attack`: attack a bot of this machine's own, and check that every attack is withstood."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bot.harness.attack import kinds, play, summary
from bot.harness.attack.without import miss_each, missed
from bot.harness.environment import HarnessError
from shell.logging import set_up

from .output import output_option, say


@click.command()
@click.option("--seed", default=1, show_default=True, help="Decides what is drawn by chance.")
@click.option("--short", is_flag=True, help="Play fewer attempts of each kind, as CI does.")
@click.option(
    "--kind", "names", type=click.Choice([*kinds()]), multiple=True, help="Repeatable; default: all."
)
@click.option("--first", is_flag=True, help="End each kind at its first attempt that succeeds.")
@click.option(
    "--defences",
    is_flag=True,
    help="Instead, take out each defence in turn, and expect a short play to notice that it is missing.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Working folder; default: a new temporary one.",
)
@output_option
def attack(
    seed: int,
    short: bool,
    names: Sequence[str],
    first: bool,
    defences: bool,
    folder: Path | None,
    output: str,
) -> None:
    """Attack a bot of this machine's own as agents, strangers and full disks would.

    Exits with 0 only if every attempt was withstood.
    """
    where = (folder or Path(tempfile.mkdtemp(prefix="caloron-attack-"))).absolute()
    where.mkdir(parents=True, exist_ok=True)
    if defences:
        chosen = [kind for name, kind in kinds().items() if not names or name in names]
        found = missed(seed, miss_each(where, seed, chosen))
        say(output, found, found["defences"], lambda: text_of_defences(found))
        if not found["noticed"]:
            raise HarnessError("The attacks did not notice that a defence is missing")
        return
    with open(where / "attack.log", "a") as log:
        set_up("attack", log)
        result = summary(seed, play(where, seed, short, names, first))
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


def text_of_defences(result: dict[str, Any]) -> str:
    """The report for people of builds that lack a defence."""
    lines = ["", f"seed {result['seed']}"]
    for row in result["defences"]:
        verdict = f"skipped: {row['skipped']}" if row["skipped"] else row["seen"] or "NOT NOTICED"
        seen = " ".join(verdict.split())
        lines.append(f"{row['kind']:<12} {row['defence']:<62} {seen[:120]}")
    every = "Every missing defence was noticed." if result["noticed"] else "Some were not noticed."
    return "\n".join([*lines, "", every])
