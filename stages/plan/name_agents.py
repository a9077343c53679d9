"""Assign every task of a draft its own agent: an agent's name is unique among running tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Dag, Task

NAME = "name_agents"


class Draft(TypedDict):
    dag: Dag
    errors: NotRequired[list[str] | None]


class Input(TypedDict):
    draft: Draft


class Output(TypedDict):
    dag: Dag
    errors: list[str]


def execute(input: Input) -> Output:
    dag = input["draft"]["dag"]
    tasks = {name: with_agent(task, name) for name, task in dag["tasks"].items()}
    return {"dag": {**dag, "tasks": tasks}, "errors": input["draft"].get("errors") or []}


def with_agent(task: Task, agent_id: str) -> Task:
    return {**task, "agent_id": agent_id}


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
