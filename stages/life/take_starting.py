"""Pass the tasks that get an issue, or an agent, to those who write their briefs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Decision, SprintState, State, Telling

NAME = "take_starting"
TOLD = ("create_issue", "spawn_agent")


class Decided(TypedDict):
    state: SprintState
    actions: list[Decision]


class Input(TypedDict):
    state: State
    decided: Decided


class Output(TypedDict):
    tellings: dict[str, Telling]


def execute(input: Input) -> Output:
    state: State = {**input["state"], **input["decided"]["state"]}
    chosen = list(
        dict.fromkeys(action["task_id"] for action in input["decided"]["actions"] if action["type"] in TOLD)
    )
    if state.get("running") is None or not chosen:
        return {"tellings": {}}
    kickoff = state["kickoffs"][str(state["running"])]
    telling: Telling = {
        "title": kickoff.get("title"),
        "goal": kickoff.get("goal") or "",
        "brief": kickoff.get("brief") or {},
        "sprint_tasks": state["tasks"],
        "chosen": chosen,
    }
    return {"tellings": {str(kickoff["number"]): telling}}


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
