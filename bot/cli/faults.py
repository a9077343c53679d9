"""`caloron faults`: one sprint with webhooks doubled, lost or none, compared with the same sprint without."""

import inspect
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from .diamond import Mode, Played, play
from .gitea_server import ADMIN, gitea_server
from .outcome import differences, normalised
from .output import output_option, say, table
from .proxy import a_tenth_lost, at_once, doubled
from .scene import PERSON, SceneFailed, StartForge, fake_forge

MODES = {
    "plain": Mode("plain", at_once),
    "doubled": Mode("doubled", doubled),
    "three-hooks": Mode("three-hooks", at_once, ("repository", "user", "system")),
    "lossy": Mode("lossy", a_tenth_lost, reconcile_s=2.0),
    "no-hook": Mode("no-hook", at_once, (), reconcile_s=2.0),
}
"""What happens to the webhooks in each, and how often the bot looks for what it was not told; 0: never."""


@click.command()
@click.option("--forge", type=click.Choice(["fake", "gitea"]), default="fake", show_default=True)
@click.option("--mode", "modes", type=click.Choice([*MODES]), multiple=True, help="One or more; else all.")
@click.option("--seed", default=1, show_default=True, help="Decides what is lost, and when what arrives.")
@click.option("--tasks", default=4, show_default=True, type=click.IntRange(4, 24), help="Of the sprint.")
@click.option("--timeout", default=240.0, show_default=True, help="Seconds that each sprint may take.")
@click.option("--url", help="A Gitea that is there, instead of one of our own; for trials only.")
@click.option("--token", envvar="GITEA_ADMIN_TOKEN", help="Its administrator's token.")
@output_option
def faults(
    forge: str,
    modes: Sequence[str],
    seed: int,
    tasks: int,
    timeout: float,
    url: str | None,
    token: str | None,
    output: str,
) -> None:
    """Play a sprint with faulty webhooks; exit code 0 only if it ends as one with good ones does."""
    folder = Path(tempfile.mkdtemp(prefix="caloron-faults-"))
    wanted = [MODES[name] for name in dict.fromkeys(modes or list(MODES)[1:])]
    with _forge(forge, folder, url, token) as start:
        plain, *runs = [
            play(
                folder / f"{number}-{mode.name}",
                start,
                mode,
                f"{PERSON}/whole-{number}",
                seed,
                tasks,
                timeout,
            )
            for number, mode in enumerate([MODES["plain"], *wanted], 1)
        ]
    if plain.outcome["merges"] != tasks:
        raise SceneFailed(
            f"The plain run merged {plain.outcome['merges']} of {tasks}; its logs are in {folder}"
        )
    compared = [_compared(plain, run) for run in runs]
    told = {"forge": forge, "seed": seed, "tasks": tasks, "plain": plain.brief(), "runs": compared}
    rows = [{"mode": run["mode"], **row} for run in compared for row in _rows(run)]
    say(output, told, rows, lambda: _text(told, plain))
    if not all(run["good"] for run in compared):
        raise SceneFailed(f"Not every run ended as the plain one; the logs are in {folder}")


@contextmanager
def _forge(kind: str, folder: Path, url: str | None, token: str | None) -> Iterator[StartForge]:
    """How a run gets its forge: a fake one each, or one real server for all."""
    if kind == "fake":
        yield lambda supervisor, place, repos: fake_forge(
            supervisor, place, repos, ("--user", f"{ADMIN}:admin")
        )
        return
    with gitea_server(folder / "gitea", url, token) as server:
        yield server.start


def _compared(plain: Played, run: Played) -> dict[str, Any]:
    """What the run came to, and whether that is all as it should be."""
    rows = differences(plain.outcome, run.outcome)
    wanting = list(_wanting(run))
    equal = all(row["equal"] == "yes" for row in rows)
    return run.brief() | {"compared": rows, "wanting": wanting, "good": equal and not wanting}


def _wanting(run: Played) -> Iterator[str]:
    """What the faults themselves should have shown: else the run proves nothing."""
    if run.webhooks["failed"]:
        yield f"the door did not take {run.webhooks['failed']} deliveries"
    if run.mode.name == "lossy" and not run.webhooks["lost"]:
        yield "no webhook was lost; take another --seed"
    if run.mode.reconcile_s and not sum(run.found.values()):
        yield "nothing was found by looking; take another --seed or more --tasks"
    if run.mode.name == "no-hook" and run.webhooks["received"]:
        yield "there were webhooks"


def _rows(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in ("compared", "plain", "here", "equal")} for row in run["compared"]]


def _text(told: dict[str, Any], plain: Played) -> str:
    """The table as people read it, after the one function by which texts were made comparable."""
    lines = ["", inspect.getsource(normalised)]
    for run in told["runs"]:
        lines += [f"{run['mode']} on {told['forge']}, seed {told['seed']}: {run['seconds']} s"]
        lines += [f"  webhooks: {_counts(run['webhooks'])}"]
        lines += [f"  found by looking: {sum(run['found'].values())} ({_counts(run['found']) or 'nothing'})"]
        lines += [f"  lost: {kind}" for kind in run["lost"]]
        lines += ["", *(f"  {line}" for line in table(_rows(run)).splitlines()), ""]
        lines += [
            f"  {row['compared']} missing: {line!r}" for row in run["compared"] for line in row["missing"]
        ]
        lines += [
            f"  {row['compared']} too many: {line!r}" for row in run["compared"] for line in row["too many"]
        ]
        lines += [f"  WANTING: {words}" for words in run["wanting"]]
        lines += [f"  {'as the plain run' if run['good'] else 'NOT as the plain run'}", ""]
    return "\n".join([*lines, f"plain: {plain.seconds:.1f} s, webhooks: {_counts(plain.webhooks)}"])


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())
