"""The benchmark of the loop: how fast answers, merges and bursts are while other repositories are busy."""

import json
from pathlib import Path
from typing import Any

from bot.cli.hooks import install_hook

from .environment import BOT, Environment, start_environment
from .latency import time_answers, time_burst, time_merges, wait_until_idle
from .load import BusyRepositories, CallLog
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
    with start_environment(folder, repos, {"CALORON_STUB_FIXTURE": str(fixture)}) as env:
        for repo in repos:
            install_hook(env.settings, env.client(BOT), "gitea", repo)
        with CallLog(env.forge["url"], BOT) as log:
            wait_until_idle(env)
            figures = {"alone": measure(env, log, (ALONE, ALONE_CHAIN), max(n // 5, 1), tasks)}
            with BusyRepositories(env, log, busy, pause, slow) as load:
                before = ticks()
                figures["busy"] = measure(env, log, (MEASURED, CHAIN), n, tasks)
                share = busy_share(before, ticks())
                figures["others"] = load.summary() | {"slow_s": slow, "cores_busy": share}
        figures["burst"] = time_burst(env, MEASURED, events)
    return figures


def recording(tasks: int) -> dict[str, Any]:
    """What the agents of the chain write: a file each."""
    responses = [
        {"match": rf"(?m)^Task: t{number}$", "files": {f"t{number}.txt": f"{number}\n"}, "output": "done"}
        for number in range(tasks)
    ]
    return {"responses": responses}


def measure(env: Environment, log: CallLog, repos: tuple[str, str], n: int, tasks: int) -> dict[str, Any]:
    """Answers in the first repository, then merges in the second; each printed as soon as it is known."""
    answers = time_answers(env, log, repos[0], n)
    env.log("", f"{repos[0]}: {answers}")
    merges = time_merges(env, log, repos[1], tasks)
    env.log("", f"{repos[1]}: {merges['ms']}")
    return merges | {"ms": answers | merges["ms"]}
