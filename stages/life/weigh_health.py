"""Pass the agents' health and the state's counters to the stage that decides on interventions."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import AgentSigns, Counters, Health, Policy, State, Task, Tick

NAME = "weigh_health"

START_S = 2  # the start of a run counts as its first sign; a later one is the agent's own


class Checked(TypedDict):
    results: list[Health]


class Input(TypedDict):
    state: State
    events: list[Tick]
    now: str
    policy: Policy
    health: Checked


class Output(TypedDict):
    results: list[Health]
    interventions: Counters
    cooldown_m: float | None
    now: str


def execute(input: Input) -> Output:
    signs = input["events"][0].get("agents") or {}
    tasks = {task.get("agent_id"): task for task in input["state"]["tasks"].values()}
    results: list[Health] = [
        {**result, "status": "unknown"} if only_started(result, signs, tasks) else result
        for result in input["health"]["results"]
    ]
    return {
        "results": results,
        "interventions": input["state"].get("interventions") or {},
        "cooldown_m": input["policy"].get("cooldown_m"),
        "now": input["now"],
    }


def only_started(result: Health, signs: dict[str, AgentSigns], tasks: dict[str | None, Task]) -> bool:
    """A run that was started again is no sign of life yet: the ladder goes on where it was."""
    if result["status"] != "healthy":
        return False
    agent_id = result["agent_id"]
    sign = signs.get(agent_id, {}).get("last_sign_at")
    started = tasks[agent_id].get("last_activity_at") if agent_id in tasks else None
    if not sign or not started:
        return not sign
    since = datetime.datetime.fromisoformat(sign) - datetime.datetime.fromisoformat(started)
    return since.total_seconds() <= START_S


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
