"""Times how soon an agent asks its model after its plan was approved, with a whole bot and a played model."""

from pathlib import Path
from typing import Any

from .agent_bot import Sprint, agent_bot
from .latency import wait_until_idle
from .load import percentiles
from .model_stub import Asked, Move, Say, Write, serving_model


def time_starts(framework: str, installed: Path, folder: Path, n: int) -> dict[str, Any]:
    """From an approval to the first request at the model, n times in a row, each in its own repository."""
    repos = [f"acme/start-{number}" for number in range(n)]
    found: list[float] = []
    with serving_model(worker) as model, agent_bot(framework, installed, folder, model, repos) as env:
        wait_until_idle(env)
        for repo in repos:
            sprint = Sprint.planned(env, repo, "one: Write a file")
            wait_until_idle(env)
            model.asked.clear()
            approved = sprint.approve()
            found.append(1000 * (sprint.wait(lambda: _first_at(model.asked), "request") - approved))
            sprint.wait(sprint.runs, "end of the run")
    return percentiles(found)


def worker(asked: Asked) -> Move:
    """Writes one file."""
    return Write("one.txt", "one\n") if asked.steps == 0 else Say("It is written.")


def _first_at(asked: list[Asked]) -> float | None:
    return asked[0].at if asked else None
