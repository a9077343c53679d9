"""Pass the agents' reports and the KPIs to the stage that analyses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Feedback, SprintFigures, SprintState

NAME = "take_findings"


class Facts(TypedDict):
    state: SprintState
    sprint_id: str
    goal: str
    started_at: str | None
    ended_at: str | None
    feedback_items: list[Feedback]
    previous: SprintFigures | None


class Input(TypedDict):
    facts: Facts
    kpis: SprintFigures


class Output(TypedDict):
    feedback_items: list[Feedback]
    kpis: SprintFigures


def execute(input: Input) -> Output:
    return {"feedback_items": input["facts"]["feedback_items"], "kpis": input["kpis"]}


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
