"""`caloron bench`: how fast the loop is while others are busy, and what a decision costs."""

import os
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from bot.harness import benchmark, decision_cost
from bot.harness.agent_starts import time_starts
from bot.harness.machine import bottleneck, description
from shell.agent.frameworks import FRAMEWORKS
from shell.agent.setup import installable

from .output import output_option, say, stacked, table, with_progress


@click.group()
def bench() -> None:
    """Measure how fast the bot is."""


@bench.command()
@click.option("--n", default=500, show_default=True, help="How many commands are timed.")
@click.option("--others", default=24, show_default=True, help="How many other repositories are kept busy.")
@click.option("--pause", default=0.0, show_default=True, help="Seconds between two commands there.")
@click.option("--slow", default=1.0, show_default=True, help="Seconds that a forge call takes there.")
@click.option("--tasks", default=12, show_default=True, help="Tasks in the sprint whose merges are timed.")
@click.option("--events", default=2000, show_default=True, help="Events in the burst.")
@click.option("--starts", default=5, show_default=True, help="How often each agent is started; 0: never.")
@output_option
def loop(
    n: int, others: int, pause: float, slow: float, tasks: int, events: int, starts: int, output: str
) -> None:
    """Time answers, merges, a burst of events and the starts of agents.

    From a webhook to the answer on the forge, and from a merge to the next task; alone, and while other
    repositories are busy. From an approval to the first request at the model, of each agent that is set up
    in CALORON_HOME; the model is played, and no key of yours is used.
    """
    home = Path(os.environ.get("CALORON_HOME") or "~/.caloron").expanduser().absolute()
    agents = {name: home / "frameworks" / name for name in installable() if starts and _is_there(home, name)}
    folder = Path(tempfile.mkdtemp(prefix="caloron-bench-"))
    found = benchmark.measure_loop(folder, n, others, pause, slow, tasks, events)
    found["starts"] = {
        name: time_starts(name, there.resolve(), folder / name, starts) for name, there in agents.items()
    }
    say(output, found, rows(found), lambda: text_of(found))


def _is_there(home: Path, name: str) -> bool:
    return (home / "frameworks" / name / FRAMEWORKS[name].installed_at).is_file()


@bench.command()
@click.option(
    "--sizes", default="10,100,1000,10000", show_default=True, help="Sizes of the sprints, in tasks."
)
@click.option("--events", default=20, show_default=True, help="Events timed in each sprint.")
@output_option
def stages(sizes: str, events: int, output: str) -> None:
    """Time one event in sprints of different sizes.

    Its parts are decide, commit and display; one decision is also timed in the Noether engine.
    """
    numbers = [int(size) for size in sizes.split(",")]
    measured = with_progress(decision_cost.measure(numbers, events), "Measuring", len(numbers))
    costs = [cost.row() for cost in measured]
    engine = decision_cost.in_engine(events)
    say(output, {"sprints": costs, "engine": engine}, costs, lambda: text_of_stages(costs, engine))


def text_of_stages(costs: list[dict[str, Any]], engine: dict[str, float] | None) -> RenderableType:
    """The table, the meaning of its columns, and the comparison with the Noether engine."""
    return stacked(
        table(costs),
        "(medians in milliseconds; graph: the stages alone; decide: with differences and journal entry;",
        "commit: reading the inbox and one transaction synced to disk; show: comparing labels and boards;",
        "event: decide, commit and show; first read: the whole state, once per process)",
        description(),
        text_of_engine(engine),
    )


def text_of_engine(engine: dict[str, float] | None) -> str:
    """The comparison with the Noether engine."""
    if engine is None:
        return (
            "The Noether engine is not installed, so nothing is compared; run `tests/tools/noether install`."
        )
    return (
        f"one decision on ten tasks: {engine['here']} ms here, {engine['there']} ms in a process of the "
        f"Noether engine, {engine['ratio']} times as long"
    )


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The latencies as rows, alone and while others are busy."""
    measured = [
        {"while": when, "from → to": path, **figures}
        for when in ("alone", "busy")
        for path, figures in found[when]["ms"].items()
    ]
    return measured + [
        {"while": "alone", "from → to": f"approval → first model request, {name}", **figures}
        for name, figures in found["starts"].items()
    ]


def text_of(found: dict[str, Any]) -> RenderableType:
    """The report for people."""
    others, calls, peak = found["others"], found["busy"], found["burst"]
    depth = f"{others['depth_p50']} of {others['repositories']} (at least {others['depth_min']})"
    return stacked(
        table(rows(found)),
        "(milliseconds; first calls and merges as the forge received them)",
        *([] if found["starts"] else ["no agent is set up in CALORON_HOME, so no start of one was timed"]),
        f"busy: actions due in {depth} other repositories, where each call takes {others['slow_s']} s;",
        f"{others['events_per_s']:.0f} events/s advanced in them; {description()}",
        bottleneck(others["cores_busy"]),
        f"a burst in one lane: {peak['events']} events at {peak['events_per_s']:.0f} events/s",
        f"calls per task: {calls['writes_per_task']:.1f} writes, {calls['reads_per_task']:.1f} reads",
        *(f"  {verb:<44} {count:6.2f}" for verb, count in calls["calls_per_task"].items()),
    )
