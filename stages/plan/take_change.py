"""Pass a plan that was changed before it runs, or begins now, to those who write its briefs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Command, Dag, State, Telling

NAME = "take_change"
UNDER_WAY = ("Running", "Paused")


class Draft(TypedDict):
    dag: Dag
    errors: list[str]


class Input(TypedDict):
    state: State
    events: list[Command]
    plan: Draft


class Output(TypedDict):
    tellings: dict[str, Telling]


def execute(input: Input) -> Output:
    event, dag = input["events"][0], input["plan"]["dag"]
    kickoffs, tasks = input["state"]["kickoffs"], dag["tasks"]
    number = str(event.get("opened") or event["where"]["number"])
    kickoff = next((one for one in kickoffs.values() if one["id"] == dag.get("sprint_id")), None)
    if input["plan"]["errors"] or not dag.get("sprint_id") or (kickoff and kickoff["status"] in UNDER_WAY):
        return {"tellings": {}}
    if kickoff is None:
        alone: Telling = {
            "title": dag["goal"], "goal": dag["goal"], "brief": {}, "sprint_tasks": tasks,
            "chosen": sorted(tasks),
        }  # fmt: skip
        return {"tellings": {number: alone}}
    telling: Telling = {
        "title": kickoff.get("title"),
        "goal": kickoff.get("goal") or "",
        "brief": kickoff.get("brief") or {},
        "sprint_tasks": tasks,
        "chosen": sorted(tasks),
    }
    return {"tellings": {number: telling}}


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
