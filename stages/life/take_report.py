"""Pass everything known about an ended sprint to the stage that writes its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Analysis, Feedback, SprintFigures, SprintState

NAME = "take_report"


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
    analysis: Analysis


class Output(TypedDict):
    sprint_id: str
    goal: str
    kpis: SprintFigures
    feedback_items: list[Feedback]
    started_at: str | None
    ended_at: str | None
    analysis: Analysis


def execute(input: Input) -> Output:
    facts = input["facts"]
    return {
        "sprint_id": facts["sprint_id"],
        "goal": facts["goal"],
        "kpis": input["kpis"],
        "feedback_items": facts["feedback_items"],
        "started_at": facts["started_at"],
        "ended_at": facts["ended_at"],
        "analysis": input["analysis"],
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
