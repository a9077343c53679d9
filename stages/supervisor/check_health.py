"""Tell whether each agent is healthy, stalled, missing or not known to have started."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import AgentHealth, AgentSigns, Health

NAME = "check_agent_health"

STALL_THRESHOLD_M = 20
MISSING_AFTER_S = 120


class Input(TypedDict):
    agents: dict[str, AgentSigns]
    stall_threshold_m: NotRequired[float | None]
    missing_after_s: NotRequired[float | None]
    now: NotRequired[str | None]


class Output(TypedDict):
    results: list[Health]
    now: str


def execute(input: Input) -> Output:
    now = input.get("now")
    if not now:
        raise ValueError("check_agent_health: 'now' is needed to tell how long an agent has been silent")
    stall, missing = input.get("stall_threshold_m"), input.get("missing_after_s")
    stall_s = 60 * (STALL_THRESHOLD_M if stall is None else stall)
    missing_s = MISSING_AFTER_S if missing is None else missing
    return {
        "results": [
            health_of(agent_id, input["agents"][agent_id], moment(now, "now"), stall_s, missing_s)
            for agent_id in sorted(input["agents"])
        ],
        "now": now,
    }


def health_of(
    agent_id: str, agent: AgentSigns, now: datetime.datetime, stall_s: float, missing_s: float
) -> Health:
    sign = last_sign(agent)
    if sign:
        silent_s = (now - moment(sign, f"the last sign of agent '{agent_id}'")).total_seconds()
        status: AgentHealth = "stalled" if silent_s > stall_s else "healthy"
        return {"agent_id": agent_id, "status": status, "minutes_since": round(max(silent_s, 0) / 60)}
    started = agent.get("task_started_at")
    if not started:
        return {"agent_id": agent_id, "status": "unknown", "minutes_since": 0}
    running_s = (now - moment(started, f"the start of agent '{agent_id}'")).total_seconds()
    found: AgentHealth = "missing" if running_s > missing_s else "healthy"
    return {"agent_id": agent_id, "status": found, "minutes_since": 0}


def last_sign(agent: AgentSigns) -> str | None:
    """Output or a changed file where that is watched, not the bare heartbeat; None if it never beat."""
    beat: str | None = agent.get("last_heartbeat_at")
    if not beat or "last_sign_at" not in agent:
        return beat
    return agent["last_sign_at"] or agent.get("task_started_at") or beat


def moment(text: str, what: str) -> datetime.datetime:
    """A time as an aware datetime; one without a zone is UTC."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError(f"check_agent_health: {what} is not an ISO-8601 time: {text!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


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
