"""`caloron bench loop`: how fast the loop is, measured at the forge, while it is busy elsewhere."""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from .hooks import install_hook
from .load import Busy, CallLog
from .loops import answers, burst, merges
from .output import output_option, say
from .scene import BOT, scenery

MEASURED, CHAIN = "acme/measured", "acme/chain"


@click.group()
def bench() -> None:
    """Measure the bot."""


@bench.command()
@click.option("--n", default=500, show_default=True, help="Commands whose answer is timed.")
@click.option("--others", default=24, show_default=True, help="Other repositories that are kept busy.")
@click.option("--pause", default=0.0, show_default=True, help="Seconds from an answer to the next, there.")
@click.option("--tasks", default=12, show_default=True, help="Tasks of the sprint whose merges are timed.")
@click.option("--events", default=2000, show_default=True, help="Events of the burst.")
@output_option
def loop(n: int, others: int, pause: float, tasks: int, events: int, output: str) -> None:
    """From the door to the answer at the forge; from a merge to the next task; events per second."""
    busy = [f"acme/other-{number:02}" for number in range(others)]
    folder = Path(tempfile.mkdtemp(prefix="caloron-bench-"))
    fixture = folder / "fixture.json"
    fixture.write_text(json.dumps(recording(tasks)))
    with scenery(folder, [MEASURED, CHAIN, *busy], {"CALORON_STUB_FIXTURE": str(fixture)}) as scene:
        for repo in (MEASURED, CHAIN, *busy):
            install_hook(scene.settings, scene.client(BOT), "gitea", repo)
        scene.say("", f"{n} commands, then a sprint of {tasks} tasks, while {others} repositories are busy")
        with CallLog(scene.forge["url"], BOT) as log, Busy(scene, log, busy, pause) as load:
            found: dict[str, Any] = {"answer": answers(scene, log, MEASURED, n)}
            scene.say("", f"answers: {found['answer']['ms']}")
            found["merge"] = merges(scene, log, CHAIN, tasks)
            found["others"] = load.told()
            scene.say("", f"merges: {found['merge']['ms']}")
        found["burst"] = burst(scene, MEASURED, events)
    say(output, found, rows(found), lambda: text_of(found))


def recording(tasks: int) -> dict[str, Any]:
    """What the agents of the chain write: a file each."""
    responses = [
        {"match": rf"(?m)^Task: t{number}$", "files": {f"t{number}.txt": f"{number}\n"}, "output": "done"}
        for number in range(tasks)
    ]
    return {"responses": responses}


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The timed ways as rows."""
    ways = found["answer"]["ms"] | found["merge"]["ms"]
    return [{"from → to": way, **figures} for way, figures in ways.items()]


def text_of(found: dict[str, Any]) -> str:
    """The figures as people read them."""
    ways = [
        f"{row['from → to']:<44} p50 {row['p50']:7.1f} ms   p95 {row['p95']:7.1f} ms   n {row['n']}"
        for row in rows(found)
    ]
    others, merge, peak = found["others"], found["merge"], found["burst"]
    depth = f"{others['depth_p50']} of {others['repositories']} (least {others['depth_min']})"
    calls = [f"  {verb:<44} {count:6.2f}" for verb, count in merge["calls_per_task"].items()]
    per_task = (merge["writes_per_task"], merge["reads_per_task"])
    calls_line = "forge calls per task: {:.1f} writes, {:.1f} reads".format(*per_task)
    return "\n".join(
        [
            *ways,
            f"meanwhile other repositories with actions due: {depth}",
            f"advanced for them: {others['events_per_s']:.0f} events/s",
            calls_line,
            *calls,
            f"a burst of {peak['events']} events in one lane: {peak['events_per_s']:.0f} events/s",
        ]
    )
