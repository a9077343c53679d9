"""Reshape a poll's answer into the input of dag_evaluate, without what the last tick handled.

Polls overlap, so that nothing is missed; `heard` in the state keeps the keys of the last one's events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import AgentSigns, Event, SprintState

NAME = "project_poll_to_eval"

STALL_THRESHOLD_M = 20


class Poll(TypedDict):
    events: list[Event]
    polled_at: str
    now: NotRequired[str | None]


class Input(TypedDict):
    state: SprintState
    poll: Poll
    stall_threshold_m: NotRequired[float | None]
    agents: NotRequired[dict[str, AgentSigns] | None]
    now: NotRequired[str | None]


class Output(TypedDict):
    state: SprintState
    events: list[Event]
    stall_threshold_m: float
    agents: dict[str, AgentSigns]
    now: str | None


def execute(input: Input) -> Output:
    threshold = input.get("stall_threshold_m")
    polled, known = input["poll"].get("events") or [], set(input["state"].get("heard") or ())
    keys = [event["key"] for event in polled if event.get("key")]
    return {
        "state": {**input["state"], "heard": keys} if keys or known else input["state"],
        "events": [event for event in polled if event.get("key") not in known],
        "stall_threshold_m": STALL_THRESHOLD_M if threshold is None else threshold,
        "agents": input.get("agents") or {},
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
