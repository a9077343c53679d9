"""`caloron bench`: how fast the loop is while others are busy, and what a decision costs."""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from .hooks import install_hook
from .load import Busy, CallLog
from .loops import answers, burst, merges, settled
from .machine import bound, busy_share, on_what, ticks
from .output import output_option, say, table
from .scene import BOT, Scene, scenery

ALONE, ALONE_CHAIN = "acme/alone", "acme/alone-chain"
MEASURED, CHAIN = "acme/measured", "acme/chain"


@click.group()
def bench() -> None:
    """Measure the bot."""


@bench.command()
@click.option("--n", default=500, show_default=True, help="Commands whose answer is timed.")
@click.option("--others", default=24, show_default=True, help="Other repositories that are kept busy.")
@click.option("--pause", default=0.0, show_default=True, help="Seconds from an answer to the next, there.")
@click.option("--slow", default=1.0, show_default=True, help="Seconds that a call takes there.")
@click.option("--tasks", default=12, show_default=True, help="Tasks of the sprint whose merges are timed.")
@click.option("--events", default=2000, show_default=True, help="Events of the burst.")
@output_option
def loop(n: int, others: int, pause: float, slow: float, tasks: int, events: int, output: str) -> None:
    """From the door to the answer at the forge; from a merge to the next task; events per second."""
    busy = [f"acme/other-{number:02}" for number in range(others)]
    repos = [ALONE, ALONE_CHAIN, MEASURED, CHAIN, *busy]
    folder = Path(tempfile.mkdtemp(prefix="caloron-bench-"))
    fixture = folder / "fixture.json"
    fixture.write_text(json.dumps(recording(tasks)))
    with scenery(folder, repos, {"CALORON_STUB_FIXTURE": str(fixture)}) as scene:
        for repo in repos:
            install_hook(scene.settings, scene.client(BOT), "gitea", repo)
        with CallLog(scene.forge["url"], BOT) as log:
            settled(scene)
            found = {"alone": measure(scene, log, (ALONE, ALONE_CHAIN), max(n // 5, 1), tasks)}
            with Busy(scene, log, busy, pause, slow) as load:
                before = ticks()
                found["busy"] = measure(scene, log, (MEASURED, CHAIN), n, tasks)
                found["others"] = load.told() | {"slow_s": slow, "cores_busy": busy_share(before, ticks())}
        found["burst"] = burst(scene, MEASURED, events)
    say(output, found, rows(found), lambda: text_of(found))


@bench.command()
@click.option("--sizes", default="10,100,1000,10000", show_default=True, help="Tasks of the sprints.")
@click.option("--events", default=20, show_default=True, help="Events that are timed in each sprint.")
@output_option
def stages(sizes: str, events: int, output: str) -> None:
    """What an event costs in sprints of many sizes: deciding, keeping, showing; and in the real engine."""
    from .cost import in_engine, measure

    costs = [cost.row() for cost in measure([int(size) for size in sizes.split(",")], events)]
    engine = in_engine(events)
    say(output, {"sprints": costs, "engine": engine}, costs, lambda: text_of_stages(costs, engine))


def text_of_stages(costs: list[dict[str, Any]], engine: dict[str, float] | None) -> str:
    """The table, what its columns mean, and how the real engine compares."""
    lines = [
        table(costs),
        "(medians in milliseconds. graph: the stages alone; decide: with differences and journal entry;",
        "commit: inbox read and the one transaction, synced to disk; show: labels and boards compared;",
        "event: decide, commit and show; first read: the whole state, once for each process)",
        on_what(),
        text_of_engine(engine),
    ]
    return "\n".join(lines)


def text_of_engine(engine: dict[str, float] | None) -> str:
    """How the real engine compares."""
    if engine is None:
        return "The real engine is not here (`tests/tools/noether install`), so it is not compared with."
    return (
        f"one decision on ten tasks: {engine['here']} ms here, {engine['there']} ms as a process of the "
        f"real engine, {engine['ratio']} times as long"
    )


def recording(tasks: int) -> dict[str, Any]:
    """What the agents of the chain write: a file each."""
    responses = [
        {"match": rf"(?m)^Task: t{number}$", "files": {f"t{number}.txt": f"{number}\n"}, "output": "done"}
        for number in range(tasks)
    ]
    return {"responses": responses}


def measure(scene: Scene, log: CallLog, repos: tuple[str, str], n: int, tasks: int) -> dict[str, Any]:
    """Answers in the first repository, then merges in the second; each said as soon as it is known."""
    answered = answers(scene, log, repos[0], n)
    scene.say("", f"{repos[0]}: {answered}")
    merged = merges(scene, log, repos[1], tasks)
    scene.say("", f"{repos[1]}: {merged['ms']}")
    return merged | {"ms": answered | merged["ms"]}


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The timed ways as rows, alone and while others are busy."""
    return [
        {"while": when, "from → to": way, **figures}
        for when in ("alone", "busy")
        for way, figures in found[when]["ms"].items()
    ]


def text_of(found: dict[str, Any]) -> str:
    """The figures as people read them."""
    others, calls, peak = found["others"], found["busy"], found["burst"]
    depth = f"{others['depth_p50']} of {others['repositories']} (least {others['depth_min']})"
    lines = [
        table(rows(found)),
        "(milliseconds; first calls and merges as the forge received them)",
        f"busy: other repositories with actions due {depth}, where each call takes {others['slow_s']} s;",
        f"{others['events_per_s']:.0f} events/s advanced for them; {on_what()}",
        bound(others["cores_busy"]),
        f"a burst in one lane: {peak['events']} events at {peak['events_per_s']:.0f} events/s",
        f"calls per task: {calls['writes_per_task']:.1f} writes, {calls['reads_per_task']:.1f} reads",
    ]
    return "\n".join(
        [*lines, *(f"  {verb:<44} {count:6.2f}" for verb, count in calls["calls_per_task"].items())]
    )
