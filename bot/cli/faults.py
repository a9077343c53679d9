"""`caloron faults`: run a sprint with faulty webhooks, and check that it ends as one with good ones does."""

import inspect
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from bot.harness import fault_run
from bot.harness.environment import HarnessError
from bot.harness.outcome import normalised

from .output import indented, output_option, say, stacked, table


@click.command()
@click.option(
    "--forge",
    type=click.Choice(["fake", "gitea"]),
    default="fake",
    show_default=True,
    help="The forge to run on.",
)
@click.option(
    "--mode", "modes", type=click.Choice([*fault_run.MODES]), multiple=True, help="Repeatable; default: all."
)
@click.option("--seed", default=1, show_default=True, help="Decides which webhooks are lost or delayed.")
@click.option(
    "--tasks", default=4, show_default=True, type=click.IntRange(4, 24), help="Tasks in the sprint."
)
@click.option("--timeout", default=240.0, show_default=True, help="Time limit for each sprint, in seconds.")
@click.option("--url", help="A test Gitea that runs already; default: start one.")
@click.option("--token", envvar="GITEA_ADMIN_TOKEN", help="An administrator's token for --url.")
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
    """Run a sprint with webhooks duplicated, lost or absent.

    Exits with 0 only if it ends as the same sprint with good webhooks does.
    """
    folder = Path(tempfile.mkdtemp(prefix="caloron-faults-"))
    report = fault_run.run(folder, forge, modes, seed, tasks, timeout, url, token)
    rows = [{"mode": one["mode"], **row} for one in report["runs"] for row in _rows(one)]
    say(output, report, rows, lambda: _text(report))
    if not all(one["good"] for one in report["runs"]):
        raise HarnessError(f"Not every run ended as the plain one; the logs are in {folder}")


def _rows(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in ("compared", "plain", "here", "equal")} for row in run["compared"]]


def _text(report: dict[str, Any]) -> RenderableType:
    """The report for people, which opens with the function that makes texts comparable."""
    plain = report["plain"]
    return stacked(
        f"\n{inspect.getsource(normalised)}",
        *(part for run in report["runs"] for part in _run_parts(report, run)),
        f"plain: {plain['seconds']} s, webhooks: {_counts(plain['webhooks'])}",
    )


def _run_parts(report: dict[str, Any], run: dict[str, Any]) -> Iterator[RenderableType]:
    yield f"{run['mode']} on {report['forge']}, seed {report['seed']}: {run['seconds']} s"
    yield f"  webhooks: {_counts(run['webhooks'])}"
    found = f"{sum(run['found'].values())} ({_counts(run['found']) or 'nothing'})"
    yield f"  found by reconciliation: {found}"
    yield from (f"  lost: {kind}" for kind in run["lost"])
    yield from ("", indented(table(_rows(run))), "")
    for row in run["compared"]:
        for kind in ("missing", "too many"):
            yield from (f"  {row['compared']} {kind}: {line!r}" for line in row[kind])
    yield from (f"  INVALID RUN: {problem}" for problem in run["wanting"])
    yield f"  {'Ended as the plain run did.' if run['good'] else 'Did NOT end as the plain run did.'}\n"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())
