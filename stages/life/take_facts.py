"""Pass a sprint's facts to the stage that computes its KPIs."""

from typing import Any, TypedDict

NAME = "take_facts"


class Facts(TypedDict):
    state: Any
    sprint_id: str
    goal: str
    started_at: str | None
    ended_at: str | None
    feedback_items: list[Any]
    previous: Any


class Input(TypedDict):
    facts: Facts


class Output(TypedDict):
    state: Any
    started_at: str | None
    ended_at: str | None
    feedback_items: list[Any]
    previous: Any


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
