"""Pass a sprint's facts to the stage that computes its KPIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Feedback, SprintFigures, SprintState

NAME = "take_facts"


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


class Output(TypedDict):
    state: SprintState
    started_at: str | None
    ended_at: str | None
    feedback_items: list[Feedback]
    previous: SprintFigures | None


def execute(input: Input) -> Output:
    facts = input["facts"]
    return {
        "state": facts["state"],
        "started_at": facts["started_at"],
        "ended_at": facts["ended_at"],
        "feedback_items": facts["feedback_items"],
        "previous": facts["previous"],
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
