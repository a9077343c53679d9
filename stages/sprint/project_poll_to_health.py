"""Reshape the agents and a poll's time into the input of check_agent_health."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import AgentSigns, Event

NAME = "project_poll_to_health"

STALL_THRESHOLD_M = 20


class Poll(TypedDict):
    events: list[Event]
    polled_at: str
    now: NotRequired[str | None]


class Input(TypedDict):
    poll: Poll
    agents: NotRequired[dict[str, AgentSigns] | None]
    stall_threshold_m: NotRequired[float | None]
    now: NotRequired[str | None]


class Output(TypedDict):
    agents: dict[str, AgentSigns]
    stall_threshold_m: float
    now: str | None


def execute(input: Input) -> Output:
    threshold = input.get("stall_threshold_m")
    return {
        "agents": input.get("agents") or {},
        "stall_threshold_m": STALL_THRESHOLD_M if threshold is None else threshold,
        "now": input.get("now") or input["poll"].get("now"),
    }


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
