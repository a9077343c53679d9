"""Turn the supervisor's steps into events, and reconcile when that is due."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action, AgentHeartbeat, AgentIntervened, AgentSigns, Counter, Counters, Event, Intervention, Sign,
        State, Task, Tick,
    )  # fmt: skip

NAME = "supervise"

LONGEST_STEP = 200
WATCHED_S = 60  # a watched process is reported every few seconds


class Chosen(TypedDict):
    actions: list[Intervention]
    updated_interventions: Counters


class Input(TypedDict):
    state: State
    events: list[Tick]
    now: str
    chosen: Chosen


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    tick, state, chosen = input["events"][0], input["state"], input["chosen"]
    tasks = {
        str(task["agent_id"]): name for name, task in state["tasks"].items() if task.get("agent") == "running"
    }
    events: list[Event] = [
        intervened(tick, step, tasks[step["agent_id"]])
        for step in chosen["actions"]
        if step["agent_id"] in tasks
    ]
    events += [
        recovered(tick, tasks[name], name, steps) for name, steps in back(state, chosen) if name in tasks
    ]
    state = with_steps(state, tick)
    looks = [catch_up(state)] if tick.get("reconcile") else []
    if (state.get("interventions") or {}) != chosen["updated_interventions"]:
        state = {**state, "interventions": chosen["updated_interventions"]}
    return {"state": state, "actions": looks, "events": [tick, *events]}


def intervened(tick: Tick, step: Intervention, task_id: str) -> AgentIntervened:
    key = f"agent_intervened:{task_id}:{step['action']}:{tick['key']}"
    return {
        "type": "agent_intervened",
        "key": key,
        "task_id": task_id,
        "action": step["action"],
        "reason": step["reason"],
        "found": looked_at(tick, tick.get("agents", {}).get(step["agent_id"], {})),
    }


def with_steps(state: State, tick: Tick) -> State:
    """What each agent at work does now, where that has changed; the board shows it."""
    tasks = {name: with_step(task, tick) for name, task in state["tasks"].items()}
    return {**state, "tasks": tasks} if tasks != state["tasks"] else state


def with_step(task: Task, tick: Tick) -> Task:
    agent = (tick.get("agents") or {}).get(str(task.get("agent_id")), {})
    doing, attempt = (agent.get("last_line") or "")[:LONGEST_STEP], task.get("attempt")
    before = task.get("step")
    if task.get("agent") != "running" or not doing or attempt is None or agent.get("attempt") != attempt:
        return task
    if before and (before["doing"], before["attempt"]) == (doing, attempt):
        return task
    return {**task, "step": {"doing": doing, "attempt": attempt, "step_at": tick["at"]}}


def looked_at(tick: Tick, agent: AgentSigns) -> Sign:
    """What the tick knows of its process and its output."""
    beat = agent.get("last_heartbeat_at")
    silent = (
        datetime.datetime.fromisoformat(tick["at"]) - datetime.datetime.fromisoformat(beat) if beat else None
    )
    alive = silent is not None and silent.total_seconds() < WATCHED_S
    return {"alive": alive, "last_line": agent.get("last_line") or None}


def back(state: State, chosen: Chosen) -> list[tuple[str, int]]:
    """The agents that gave a sign of life again, and how many steps were taken on each until then."""
    before = {name: count_of(counter) for name, counter in (state.get("interventions") or {}).items()}
    after = {name: count_of(counter) for name, counter in chosen["updated_interventions"].items()}
    return [(name, steps) for name, steps in sorted(before.items()) if steps and after.get(name) == 0]


def count_of(counter: Counter | float) -> int:
    """Both written forms of a counter."""
    return int(counter.get("count", 0) if isinstance(counter, dict) else counter)


def recovered(tick: Tick, task_id: str, agent_id: str, steps: int) -> AgentHeartbeat:
    """Of all signs of life the one that ends a silence is written down."""
    return {
        "type": "agent_heartbeat",
        "key": f"agent_heartbeat:{task_id}:{tick['key']}",
        "task_id": task_id,
        "last_sign_at": tick["agents"].get(agent_id, {}).get("last_sign_at"),
        "recovered": steps,
    }


def catch_up(state: State) -> Action:
    marks = state.get("marks")
    since = marks.get("since") if marks else None
    return {"type": "look", "what": "catch_up", "since": since, "key": "look:catch_up"}


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
