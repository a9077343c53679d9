"""Pass a changed plan that waits for approval to those who write its briefs."""

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
    number = str(input["events"][0]["where"]["number"])
    kickoff = input["state"]["kickoffs"].get(number)
    if kickoff is None or input["plan"]["errors"] or kickoff["status"] in UNDER_WAY:
        return {"tellings": {}}
    tasks = input["plan"]["dag"]["tasks"]
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
