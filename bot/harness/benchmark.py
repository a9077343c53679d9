"""The benchmark of the loop: how fast answers, merges and bursts are while other repositories are busy."""

import json
from pathlib import Path
from typing import Any

from bot.cli.hooks import install_hook

from .environment import BOT, Scene, scenery
from .latency import answers, burst, merges, settled
from .load import Busy, CallLog
from .machine import busy_share, ticks

ALONE, ALONE_CHAIN = "acme/alone", "acme/alone-chain"
MEASURED, CHAIN = "acme/measured", "acme/chain"


def measure_loop(
    folder: Path, n: int, others: int, pause: float, slow: float, tasks: int, events: int
) -> dict[str, Any]:
    """Latencies alone and while others are busy, and the rate of a burst."""
    busy = [f"acme/other-{number:02}" for number in range(others)]
    repos = [ALONE, ALONE_CHAIN, MEASURED, CHAIN, *busy]
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
    return found


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
