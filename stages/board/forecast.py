"""Forecast when the running sprint ends: its tasks played through with the durations measured so far."""

from __future__ import annotations

import datetime
import statistics
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Forecast, Policy, State, Supposed, Task

NAME = "forecast"


class Input(TypedDict):
    state: State
    now: str
    policy: Policy
    supposed: NotRequired[Supposed]  # what is to be played instead of what is


class Output(TypedDict):
    forecast: Forecast | None


OVER = ("Done", "Skipped", "Cancelled")
STUCK = ("Blocked", "Escalated", "HumanAssigned")
LEAST_LEFT = 0.1
"""What is left at least of a task that takes longer than others did, as a part of their duration."""


def execute(input: Input) -> Output:
    """Nothing where no task was done yet, here or in the sprint before, or where none is left."""
    state, now, supposed = input["state"], moment(input["now"]), input.get("supposed")
    planned = supposed["tasks"] if supposed else state["tasks"]
    tasks = {name: task for name, task in in_order(planned) if task["status"] not in OVER}
    measured = durations(state)
    if state.get("running") is None or not measured or not tasks:
        return {"forecast": None}
    low, middle, high = spread(measured)
    room = (supposed and supposed["parallel"]) or agents_at_once(state, input["policy"])
    ends = [ended(tasks, left(tasks, now, each), room) for each in (low, middle, high)]
    forecast: Forecast = {
        "minutes": round(max(ends[1].values())),
        "low": round(max(ends[0].values())),
        "high": round(max(ends[2].values())),
        "ends_at": (now + datetime.timedelta(minutes=max(ends[1].values()))).isoformat(),
        "measured": len(measured),
        "order": sorted(tasks, key=lambda name: (ends[1][name], list(tasks).index(name))),
        "critical": longest_chain(tasks, left(tasks, now, middle)),
        "stuck": [name for name, task in tasks.items() if task["status"] in STUCK],
        "usd": cost_of_rest(state, tasks),
    }
    return {"forecast": forecast}


def agents_at_once(state: State, policy: Policy) -> int:
    kickoff = state["kickoffs"].get(str(state["running"]))
    chosen = (kickoff.get("options") or {}).get("agents") if kickoff else None
    return int(chosen) if chosen else policy["parallel"]


def in_order(tasks: dict[str, Task]) -> list[tuple[str, Task]]:
    """The plan's order: the store keeps none."""
    return sorted(tasks.items(), key=lambda item: (item[1].get("position") or 0, item[0]))


def durations(state: State) -> list[float]:
    """How many minutes tasks took from their first start to their end: here, else in the sprint before."""
    own = [
        minutes
        for task in state["tasks"].values()
        if task["status"] == "Done"
        and (minutes := minutes_between(task.get("started_at"), task.get("completed_at")))
    ]
    last = state.get("last_kpis")
    before = [one["minutes"] for one in last["tasks"] if one["minutes"]] if last and last.get("tasks") else []
    return own or before


def minutes_between(earlier: str | None, later: str | None) -> float:
    if not earlier or not later:
        return 0.0
    return (moment(later) - moment(earlier)).total_seconds() / 60


def moment(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def spread(measured: list[float]) -> tuple[float, float, float]:
    """The lower quarter, the median and the upper quarter; of one task it is half and twice as long."""
    if len(measured) == 1:
        return measured[0] / 2, measured[0], measured[0] * 2
    low, middle, high = statistics.quantiles(measured, n=4, method="inclusive")
    return low, middle, high


def left(tasks: dict[str, Task], now: datetime.datetime, each: float) -> dict[str, float]:
    """How many minutes are left of each task."""
    found = {}
    for name, task in tasks.items():
        since = task.get("started_at")
        gone = (now - moment(since)).total_seconds() / 60 if since else 0.0
        found[name] = max(each - gone, each * LEAST_LEFT)
    return found


def ended(tasks: dict[str, Task], left: dict[str, float], room: int) -> dict[str, float]:
    """In how many minutes each task ends, where so many run at once and each waits for what it depends on."""
    ends: dict[str, float] = {}
    free = [0.0] * max(room, 1)
    todo = list(tasks)
    while todo:
        ready = [name for name in todo if not any(one in todo for one in befores(tasks, name))]
        if not ready:  # a circle, which no plan has
            return ends | dict.fromkeys(todo, sum(left.values()))
        name = min(ready, key=lambda one: (not tasks[one].get("started_at"), begins(ends, tasks, one)))
        slot = free.index(min(free))
        ends[name] = max(free[slot], begins(ends, tasks, name)) + left[name]
        free[slot] = ends[name]
        todo.remove(name)
    return ends


def begins(ends: dict[str, float], tasks: dict[str, Task], name: str) -> float:
    return max((ends[one] for one in befores(tasks, name)), default=0.0)


def befores(tasks: dict[str, Task], name: str) -> list[str]:
    return [one for one in tasks[name].get("depends_on") or [] if one in tasks]


def longest_chain(tasks: dict[str, Task], left: dict[str, float]) -> list[str]:
    """The tasks that the end waits for whatever the number of agents."""
    ends = ended(tasks, left, len(tasks))
    last = max(tasks, key=lambda name: ends[name])
    chain = [last]
    while before := befores(tasks, chain[0]):
        chain.insert(0, max(before, key=lambda name: ends[name]))
    return chain


def cost_of_rest(state: State, tasks: dict[str, Task]) -> float | None:
    """What the rest will cost, by what a done task did on average; None where nobody measured it."""
    costs = [task.get("cost") or {} for task in state["tasks"].values() if task["status"] == "Done"]
    spent = [usd for cost in costs if (usd := cost.get("charged_usd") or cost.get("usd"))]
    return round(statistics.mean(spent) * len(tasks), 2) if spent else None


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
