"""Choose the next step for each silent agent: probe, then restart, then ask a person once."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Counter, Counters, Health, Intervention, SupervisorStep

NAME = "decide_intervention"

COOLDOWN_M = 10
STEPS_TAKEN = 3  # probe, restart and the call: nothing is left to do but wait


class Input(TypedDict):
    results: list[Health]
    interventions: Counters
    cooldown_m: NotRequired[float | None]
    now: NotRequired[str | None]


class Output(TypedDict):
    actions: list[Intervention]
    updated_interventions: Counters


def execute(input: Input) -> Output:
    now = input.get("now")
    cooldown = input.get("cooldown_m")
    cooldown_m = COOLDOWN_M if cooldown is None else cooldown
    counters = dict(input["interventions"])
    actions: list[Intervention] = []
    for result in input["results"]:
        agent_id = result["agent_id"]
        counter = counters.get(agent_id, 0)
        if result["status"] == "healthy":
            if agent_id in counters:
                counters[agent_id] = {"count": 0} if isinstance(counter, dict) else 0
            continue
        step = next_step(result, count_of(agent_id, counter))
        if step and not cooling(agent_id, counter, now, cooldown_m):
            action, reason, count = step
            actions.append({"agent_id": agent_id, "action": action, "reason": reason})
            counters[agent_id] = {"count": count, "at": now} if now else count
    return {"actions": actions, "updated_interventions": counters}


def next_step(result: Health, count: int) -> tuple[SupervisorStep, str, int] | None:
    """The action, why, and how many steps of the ladder are taken with it; None where there is none."""
    minutes = result.get("minutes_since") or 0
    if count >= STEPS_TAKEN or result["status"] not in ("stalled", "missing"):
        return None
    if result["status"] == "missing":
        return "escalate_human", "Agent process missing (no heartbeat ever received)", STEPS_TAKEN
    if count == 0:
        return "probe", f"No heartbeat for {minutes} minutes", 1
    if count == 1:
        return "restart", f"Still stalled after probe ({minutes} min)", 2
    return "escalate_human", f"Stalled after {count} interventions", STEPS_TAKEN


def count_of(agent_id: str, counter: Counter | float) -> int:
    """Both written forms: a number, or {"count": number} with or without the time of the last step."""
    count = counter.get("count", 0) if isinstance(counter, dict) else counter
    if isinstance(count, bool) or not isinstance(count, int | float):
        raise ValueError(f"decide_intervention: the counter of agent '{agent_id}' is not a number: {count!r}")
    return int(count)


def cooling(agent_id: str, counter: Counter | float, now: str | None, cooldown_m: float) -> bool:
    """Whether the last step is too recent for the next one."""
    at = counter.get("at") if isinstance(counter, dict) else None
    if not at:
        return False
    if not now:
        raise ValueError(f"decide_intervention: 'now' is needed, agent '{agent_id}' may be cooling down")
    return (moment(now) - moment(at)).total_seconds() < 60 * cooldown_m


def moment(text: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueError(f"decide_intervention: not an ISO-8601 time: {text!r}") from None
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
