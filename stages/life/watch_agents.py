"""Pass the running agents, each with its last sign of life, to the health check."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import AgentSigns, Policy, State, Task, Tick

NAME = "watch_agents"


class Input(TypedDict):
    state: State
    events: list[Tick]
    now: str
    policy: Policy


class Output(TypedDict):
    agents: dict[str, AgentSigns]
    stall_threshold_m: float | None
    missing_after_s: float | None
    now: str


def execute(input: Input) -> Output:
    signs = input["events"][0].get("agents") or {}
    running = {str(task["agent_id"]): task for task in input["state"]["tasks"].values() if is_watched(task)}
    agents = {name: sign_of(signs.get(name, {}), task) for name, task in running.items()}
    policy = input["policy"]
    return {"agents": agents, "stall_threshold_m": policy.get("stall_threshold_m"),
            "missing_after_s": policy.get("missing_after_s"), "now": input["now"]}  # fmt: skip


def is_watched(task: Task) -> bool:
    """In review too: what holds a place must not hang for ever."""
    return bool(task.get("agent") == "running")


def sign_of(known: AgentSigns, task: Task) -> AgentSigns:
    sign: AgentSigns = {
        "last_heartbeat_at": known.get("last_heartbeat_at"),
        "task_started_at": task.get("last_activity_at"),
    }
    if "last_sign_at" in known:
        sign["last_sign_at"] = known["last_sign_at"]
    return sign


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
