"""Build a tick's output: what was done, what failed, and the state to keep.

A merge or an issue that could not be made is no longer marked as asked for, so that the next tick asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Counters, Decision, Event, Intervention, Json, SprintState, Task

NAME = "build_tick_output"


class Executed(TypedDict):
    actions_taken: list[str]
    errors: list[str]
    results: NotRequired[list[Json] | None]


class Eval(TypedDict):
    state: SprintState
    actions: list[Decision]


class Supervisor(TypedDict):
    actions: list[Intervention]
    updated_interventions: Counters


class Poll(TypedDict):
    events: list[Event]
    polled_at: str
    now: NotRequired[str | None]


class Input(TypedDict):
    execute_result: Executed
    eval: Eval
    poll: Poll
    supervisor: Supervisor


class Output(TypedDict):
    actions_taken: list[str]
    errors: list[str]
    state: SprintState
    polled_at: str
    interventions: Counters


def execute(input: Input) -> Output:
    done, supervisor = input["execute_result"], input["supervisor"]
    return {
        "actions_taken": done.get("actions_taken") or [],
        "errors": done.get("errors") or [],
        "state": to_keep(input["eval"]["state"], done.get("results") or []),
        "polled_at": input["poll"].get("polled_at") or "",
        "interventions": supervisor.get("updated_interventions") or {},
    }


def to_keep(state: SprintState, results: list[Json]) -> SprintState:
    failed = [one["action"] for one in results if not one.get("ok")]
    tasks: dict[str, Task] = dict(state.get("tasks") or {})
    for action in failed:
        task_id = action.get("task_id")
        if task_id in tasks and action.get("type") == "create_issue":
            tasks[task_id] = {**tasks[task_id], "issue_asked": None}
        elif task_id in tasks and action.get("type") == "merge_pr":
            tasks[task_id] = {**tasks[task_id], "merging": None}
    return {**state, "tasks": tasks} if failed else state


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
