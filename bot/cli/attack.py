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

    Exits with 0 only if all of it was played, and every attempt withstood.
    """
    where = (folder or Path(tempfile.mkdtemp(prefix="caloron-attack-"))).absolute()
    where.mkdir(parents=True, exist_ok=True)
    if defences:
        chosen = [kind for name, kind in kinds().items() if not names or name in names]
        found = missed(seed, miss_each(where, seed, chosen))
        say(output, found, found["defences"], lambda: text_of_defences(found))
        if not found["noticed"]:
            raise HarnessError("The attacks did not notice that a defence is missing")
        _nothing_skipped(found["defences"])
        return
    with open(where / "attack.log", "a") as log:
        set_up("attack", log)
        result = summary(seed, play(where, seed, short, names, first))
    say(output, result, result["kinds"], lambda: text_of(result))
    if not result["held"]:
        raise HarnessError(f"Some attacks succeeded; their files are in {where}")
    _nothing_skipped(result["kinds"])


def _nothing_skipped(rows: Sequence[dict[str, Any]]) -> None:
    """What could not be played here was not withstood here: that is said, and the exit code says so too."""
    if left := skipped_in(rows):
        raise HarnessError(
            f"Not played here: {', '.join(left)}. Mend what is missing, or name the other kinds by --kind"
        )


def skipped_in(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Why which kinds were not played."""
    return {row["kind"]: row["skipped"] for row in rows if row["skipped"]}


def verdict(rows: Sequence[dict[str, Any]], good: bool, every: str, some: str) -> list[str]:
    """The last lines of a report: nothing is claimed of what was not played."""
    left = skipped_in(rows)
    if not left:
        return ["", every if good else some]
    of_the_rest = f"Of what was played: {every[0].lower()}{every[1:]}" if good else some
    played = any(not row["skipped"] for row in rows)
    return [
        "",
        *([of_the_rest] if played else []),
        *(f"Not played: {kind}, because {why}." for kind, why in left.items()),
    ]


def text_of(result: dict[str, Any]) -> str:
    """The report for people."""
    lines = ["", f"seed {result['seed']}"]
    for row in result["kinds"]:
        count = f"skipped: {row['skipped']}" if row["skipped"] else f"{row['held']} of {row['tried']} held"
        lines.append(f"{row['kind']:<14} {count:<22} {row['what']}")
        lines += [f"    {broken['name']}: {broken['seen']}" for broken in row["broken"]]
    every, some = "Every attack was withstood.", "Some attacks succeeded."
    return "\n".join([*lines, *verdict(result["kinds"], result["held"], every, some)])


def text_of_defences(result: dict[str, Any]) -> str:
    """The report for people of builds that lack a defence."""
    lines = ["", f"seed {result['seed']}"]
    for row in result["defences"]:
        noticed = f"skipped: {row['skipped']}" if row["skipped"] else row["seen"] or "NOT NOTICED"
        seen = " ".join(noticed.split())
        lines.append(f"{row['kind']:<12} {row['defence']:<62} {seen[:120]}")
    every, some = "Every missing defence was noticed.", "Some were not noticed."
    return "\n".join([*lines, *verdict(result["defences"], result["noticed"], every, some)])
