"""Build a tick's output: what was done, what failed, and the state to keep.

A merge or an issue that could not be made is no longer marked as asked for, so that the next tick asks again.
"""

from typing import Any, NotRequired, TypedDict

NAME = "build_tick_output"

ASKED_BY = {"create_issue": "issue_asked", "merge_pr": "merging"}  # the mark that each leaves on its task


class Executed(TypedDict):
    actions_taken: list[str]
    errors: list[str]
    results: NotRequired[list[Any] | None]


class Eval(TypedDict):
    state: Any
    actions: list[Any]


class Supervisor(TypedDict):
    actions: list[Any]
    updated_interventions: dict[str, Any]


class Poll(TypedDict):
    events: list[Any]
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
    state: Any
    polled_at: str
    interventions: dict[str, Any]


def execute(input: Input) -> Output:
    done, supervisor = input["execute_result"], input["supervisor"]
    return {
        "actions_taken": done.get("actions_taken") or [],
        "errors": done.get("errors") or [],
        "state": to_keep(input["eval"].get("state") or {}, done.get("results") or []),
        "polled_at": input["poll"].get("polled_at") or "",
        "interventions": supervisor.get("updated_interventions") or {},
    }


def to_keep(state: dict[str, Any], results: list[Any]) -> dict[str, Any]:
    failed = [one["action"] for one in results if not one.get("ok")]
    tasks = dict(state.get("tasks") or {})
    for action in failed:
        mark, task_id = ASKED_BY.get(str(action.get("type"))), action.get("task_id")
        if mark and task_id in tasks:
            tasks[task_id] = {**tasks[task_id], mark: None}
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
