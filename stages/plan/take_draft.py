"""Pass a draft's text to those who write its briefs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import Dag, KickoffRead, SprintBrief, Telling

NAME = "take_draft"
PARTS = ("background", "constraints", "out_of_scope", "acceptance", "done", "notes")


class Plan(TypedDict):
    dag: Dag
    errors: list[str]


class Input(TypedDict):
    events: list[KickoffRead]
    plan: Plan


class Output(TypedDict):
    tellings: dict[str, Telling]


def execute(input: Input) -> Output:
    event, dag = input["events"][0], input["plan"]["dag"]
    said: Mapping[str, object] = dag
    parts = cast("SprintBrief", {name: said[name] for name in PARTS if said.get(name)})
    telling: Telling = {
        "title": event["title"],
        "goal": dag.get("goal") or "",
        "brief": parts,
        "sprint_tasks": dag["tasks"],
        "chosen": sorted(dag["tasks"]),
    }
    return {"tellings": {str(event["issue_number"]): telling}}


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
