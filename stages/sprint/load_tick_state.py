"""Read the state that a sprint's last tick saved, and complete it with this tick's input."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from shell import clock, tick_file

if TYPE_CHECKING:
    from stages.world import AgentSigns, Counters, SprintState

NAME = "load_tick_state"
EFFECTS = ["Fallible", "FsRead", "FsWrite"]

STALL_THRESHOLD_M = 20
NOTHING: SprintState = {"tasks": {}}


class Input(TypedDict):
    sprint_id: str
    repo: str
    stall_threshold_m: NotRequired[float | None]
    token_env: NotRequired[str | None]
    shell_url: NotRequired[str | None]
    host: NotRequired[str | None]
    state: NotRequired[SprintState]
    agents: NotRequired[dict[str, AgentSigns] | None]
    interventions: NotRequired[Counters | None]
    since: NotRequired[str | None]
    now: NotRequired[str | None]


class Output(TypedDict):
    sprint_id: str
    repo: str
    stall_threshold_m: float
    token_env: str
    shell_url: str
    host: str
    state: SprintState
    agents: dict[str, AgentSigns]
    interventions: Counters
    since: str
    now: str


def execute(input: Input) -> Output:
    now = input.get("now") or clock.now()
    kept = tick_file.read(input["sprint_id"], now)
    threshold = input.get("stall_threshold_m")
    return {
        "sprint_id": input["sprint_id"],
        "repo": input["repo"],
        "stall_threshold_m": STALL_THRESHOLD_M if threshold is None else threshold,
        "token_env": input.get("token_env") or "",
        "shell_url": input.get("shell_url") or "",
        "host": input.get("host") or "",
        "state": input.get("state") or kept.get("state") or NOTHING,
        "agents": input.get("agents") or {},
        "interventions": input.get("interventions") or kept.get("interventions") or {},
        "since": input.get("since") or kept.get("since") or "",
        "now": now,
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
