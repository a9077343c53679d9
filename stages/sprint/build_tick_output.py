"""Gather what a tick brought about: what was done, what failed, and the state to keep."""

from typing import Any, NotRequired, TypedDict

NAME = "build_tick_output"


class Executed(TypedDict):
    actions_taken: list[str]
    errors: list[str]


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
        "state": input["eval"].get("state") or {},
        "polled_at": input["poll"].get("polled_at") or "",
        "interventions": supervisor.get("updated_interventions") or {},
    }


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
