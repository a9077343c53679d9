"""Forecast how long the running sprint still takes: its tasks played through as long as others took."""

from __future__ import annotations

import datetime
import heapq
import statistics
from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Forecast, Policy, State, Supposed, Task

NAME = "forecast"


class Input(TypedDict):
    state: State
    policy: Policy
    supposed: NotRequired[Supposed]  # what is to be played instead of what is


class Output(TypedDict):
    forecast: Forecast | None


OVER = ("Done", "Skipped", "Cancelled")
STUCK = ("Blocked", "Escalated", "HumanAssigned")
LEAST_LEFT = 0.1
"""What is left at least of a task that takes longer than others did, as a part of their duration."""
STEP_M = 5
"""To so many minutes a length is told: it is not said anew for every minute."""


def execute(input: Input) -> Output:
    """Nothing where no task was done yet, here or in the sprint before, or where none is left."""
    state, supposed = input["state"], input.get("supposed")
    planned = supposed["tasks_after"] if supposed else state["tasks"]
    tasks = {name: task for name, task in in_order(planned) if task["status"] not in OVER}
    measured = durations(state)
    if state.get("running") is None or not measured or not tasks:
        return {"forecast": None}
    room = (supposed and supposed["parallel"]) or agents_at_once(state, input["policy"])
    befores = what_waits(tasks)
    low, middle, high = (
        {name: left(task, each) for name, task in tasks.items()} for each in spread(measured)
    )
    first, likely, last = (ends(tasks, befores, lefts, room) for lefts in (low, middle, high))
    forecast: Forecast = {
        "left": in_words(*(max(each.values()) for each in (likely, first, last))),
        "measured": len(measured),
        "order": sorted(tasks, key=lambda name: likely[name]),
        "critical": longest_chain(befores, ends(tasks, befores, middle, len(tasks))),
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


# how long tasks take


def durations(state: State) -> list[float]:
    """How many minutes tasks took from their first start to their end: here, else in the sprint before."""
    done = [task for task in state["tasks"].values() if task["status"] == "Done"]
    own = [
        took for task in done if (took := minutes_between(task.get("started_at"), task.get("completed_at")))
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


def left(task: Task, each: float) -> float:
    """How many minutes are left of it, from the last thing that happened in it: waiting is no progress."""
    gone = minutes_between(task.get("started_at"), task.get("last_activity_at"))
    return max(each - gone, each * LEAST_LEFT)


# in which order


def what_waits(tasks: dict[str, Task]) -> dict[str, list[str]]:
    """What each task comes after, of those that are left; a milestone's come after all of the one before."""
    groups: dict[str, list[str]] = {}
    for name, task in tasks.items():
        if milestone := task.get("milestone"):
            groups.setdefault(milestone, []).append(name)
    earlier = dict(zip(groups, [[], *groups.values()], strict=False))
    return {
        name: [
            *(one for one in task.get("depends_on") or [] if one in tasks),
            *earlier.get(task.get("milestone") or "", []),
        ]
        for name, task in tasks.items()
    }


def ends(
    tasks: dict[str, Task], befores: dict[str, list[str]], left: dict[str, float], room: int
) -> dict[str, float]:
    """In how many minutes each task ends, where so many run at once, and who has begun goes on."""
    found: dict[str, float] = {}
    agents, ready = [0.0] * min(room, len(tasks)), list[tuple[bool, float, int, str]]()
    waits = {name: set(befores[name]) for name in tasks}
    place = {name: number for number, name in enumerate(tasks)}
    behind: dict[str, list[str]] = {}
    for name, before in befores.items():
        for one in before:
            behind.setdefault(one, []).append(name)

    def free(name: str) -> None:
        begins = max((found[one] for one in befores[name]), default=0.0)
        heapq.heappush(ready, (not tasks[name].get("started_at"), begins, place[name], name))

    for name in tasks:
        if not waits[name]:
            free(name)
    while ready:
        _, begins, _, name = heapq.heappop(ready)
        found[name] = max(heapq.heappop(agents), begins) + left[name]
        heapq.heappush(agents, found[name])
        for one in behind.get(name, []):
            if name in waits[one]:
                waits[one].discard(name)
                if not waits[one]:
                    free(one)
    return found


def longest_chain(befores: dict[str, list[str]], ends: dict[str, float]) -> list[str]:
    """The tasks that the end waits for, whatever the number of agents."""
    chain = [max(ends, key=lambda name: ends[name])]
    while before := befores[chain[0]]:
        chain.insert(0, max(before, key=lambda name: ends[name]))
    return chain


# in words


def in_words(likely: float, low: float, high: float) -> str:
    about, spread = f"about {length(likely)}", [length(low), length(high)]
    return about if spread[0] == spread[1] else f"{about} ({' to '.join(spread)})"


def length(minutes: float) -> str:
    hours, rest = divmod(max(round(minutes / STEP_M), 1) * STEP_M, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest else [])])


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
