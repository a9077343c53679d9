"""Reshape the decisions, and where they apply, into the input of execute_actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Counters, Decision, Intervention, SprintState

NAME = "project_all_to_execute"


class Eval(TypedDict):
    state: SprintState
    actions: list[Decision]


class Supervisor(TypedDict):
    actions: list[Intervention]
    updated_interventions: Counters


class Input(TypedDict):
    eval: Eval
    supervisor: Supervisor
    repo: str
    token_env: NotRequired[str | None]
    shell_url: NotRequired[str | None]
    host: NotRequired[str | None]
    sprint_id: NotRequired[str | None]


class Output(TypedDict):
    repo: str
    token_env: str
    shell_url: str
    host: str
    dag_actions: list[Decision]
    supervisor_actions: list[Intervention]
    sprint_id: str
    state: SprintState


def execute(input: Input) -> Output:
    return {
        "repo": input["repo"],
        "token_env": input.get("token_env") or "",
        "shell_url": input.get("shell_url") or "",
        "host": input.get("host") or "",
        "dag_actions": input["eval"].get("actions") or [],
        "supervisor_actions": input["supervisor"].get("actions") or [],
        "sprint_id": input.get("sprint_id") or "",
        "state": input["eval"].get("state"),
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
