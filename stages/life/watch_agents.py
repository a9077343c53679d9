"""Pass the running agents, each with its last sign of life, to the health check."""

from typing import Any, TypedDict

NAME = "watch_agents"


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str
    policy: Any


class Output(TypedDict):
    agents: Any
    stall_threshold_m: float | None
    missing_after_s: float | None
    now: str


def execute(input: Input) -> Output:
    told = input["events"][0].get("agents") or {}
    running = {task["agent_id"]: task for task in input["state"]["tasks"].values() if is_watched(task)}
    agents = {name: sign_of(told.get(name) or {}, task) for name, task in running.items()}
    policy = input["policy"]
    return {"agents": agents, "stall_threshold_m": policy.get("stall_threshold_m"),
            "missing_after_s": policy.get("missing_after_s"), "now": input["now"]}  # fmt: skip


def is_watched(task: dict[str, Any]) -> bool:
    """In review too: what holds a place must not hang for ever."""
    return bool(task.get("agent") == "running")


def sign_of(told: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    sign = {
        "last_heartbeat_at": told.get("last_heartbeat_at"),
        "task_started_at": task.get("last_activity_at"),
    }
    if "last_sign_at" in told:
        sign["last_sign_at"] = told["last_sign_at"]
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
