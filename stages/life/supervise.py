"""Make events of the supervisor's steps, and ask for what a slow look around is due."""

from typing import Any, TypedDict

NAME = "supervise"


class Chosen(TypedDict):
    actions: list[Any]
    updated_interventions: Any


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str
    chosen: Chosen


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


def execute(input: Input) -> Output:
    tick, state, chosen = input["events"][0], input["state"], input["chosen"]
    if (state.get("interventions") or {}) != chosen["updated_interventions"]:
        state = {**state, "interventions": chosen["updated_interventions"]}
    tasks = {
        task["agent_id"]: name for name, task in state["tasks"].items() if task.get("agent") == "running"
    }
    events = [
        intervened(tick, step, tasks[step["agent_id"]])
        for step in chosen["actions"]
        if step["agent_id"] in tasks
    ]
    looks = [catch_up(state, tick)] if tick.get("reconcile") else []
    return {"state": state, "actions": looks, "events": [tick, *events]}


def intervened(tick: dict[str, Any], step: dict[str, Any], task_id: str) -> dict[str, Any]:
    key = f"agent_intervened:{task_id}:{step['action']}:{tick['key']}"
    return {
        "type": "agent_intervened",
        "key": key,
        "task_id": task_id,
        "action": step["action"],
        "reason": step["reason"],
    }


def catch_up(state: dict[str, Any], tick: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "look",
        "what": "catch_up",
        "since": (state.get("marks") or {}).get("since"),
        "key": "look:catch_up",
    }


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
