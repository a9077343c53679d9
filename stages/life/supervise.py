"""Turn the supervisor's steps into events, and reconcile when that is due."""

import datetime
from typing import Any, TypedDict

NAME = "supervise"

WATCHED_S = 60  # a watched process is reported every few seconds


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
    tasks = {
        task["agent_id"]: name for name, task in state["tasks"].items() if task.get("agent") == "running"
    }
    events = [
        intervened(tick, step, tasks[step["agent_id"]])
        for step in chosen["actions"]
        if step["agent_id"] in tasks
    ]
    events += [
        recovered(tick, tasks[name], name, steps) for name, steps in back(state, chosen) if name in tasks
    ]
    looks = [catch_up(state, tick)] if tick.get("reconcile") else []
    if (state.get("interventions") or {}) != chosen["updated_interventions"]:
        state = {**state, "interventions": chosen["updated_interventions"]}
    return {"state": state, "actions": looks, "events": [tick, *events]}


def intervened(tick: dict[str, Any], step: dict[str, Any], task_id: str) -> dict[str, Any]:
    key = f"agent_intervened:{task_id}:{step['action']}:{tick['key']}"
    return {
        "type": "agent_intervened",
        "key": key,
        "task_id": task_id,
        "action": step["action"],
        "reason": step["reason"],
        "found": looked_at(tick, (tick.get("agents") or {}).get(step["agent_id"]) or {}),
    }


def looked_at(tick: dict[str, Any], agent: dict[str, Any]) -> dict[str, Any]:
    """What the tick knows of its process and its output."""
    beat = agent.get("last_heartbeat_at")
    silent = (
        datetime.datetime.fromisoformat(tick["at"]) - datetime.datetime.fromisoformat(beat) if beat else None
    )
    alive = silent is not None and silent.total_seconds() < WATCHED_S
    return {"alive": alive, "last_line": agent.get("last_line") or None}


def back(state: dict[str, Any], chosen: Chosen) -> list[tuple[str, int]]:
    """The agents that gave a sign of life again, and how many steps were taken on each until then."""
    before = {name: count_of(counter) for name, counter in (state.get("interventions") or {}).items()}
    after = {name: count_of(counter) for name, counter in chosen["updated_interventions"].items()}
    return [(name, steps) for name, steps in sorted(before.items()) if steps and after.get(name) == 0]


def count_of(counter: Any) -> int:
    """Both written forms of a counter."""
    return int(counter.get("count", 0) if isinstance(counter, dict) else counter)


def recovered(tick: dict[str, Any], task_id: str, agent_id: str, steps: int) -> dict[str, Any]:
    """Of all signs of life the one that ends a silence is written down."""
    return {
        "type": "agent_heartbeat",
        "key": f"agent_heartbeat:{task_id}:{tick['key']}",
        "task_id": task_id,
        "last_sign_at": (tick["agents"].get(agent_id) or {}).get("last_sign_at"),
        "recovered": steps,
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
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
