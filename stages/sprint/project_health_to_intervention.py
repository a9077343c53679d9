"""Reshape the agents' health and their counters into the input of decide_intervention."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Counters, Health

NAME = "project_health_to_intervention"


class Checked(TypedDict):
    results: list[Health]
    now: NotRequired[str | None]


class Input(TypedDict):
    health: Checked
    interventions: NotRequired[Counters | None]
    now: NotRequired[str | None]


class Output(TypedDict):
    results: list[Health]
    interventions: Counters
    now: str | None


def execute(input: Input) -> Output:
    return {
        "results": input["health"].get("results") or [],
        "interventions": input.get("interventions") or {},
        "now": input.get("now") or input["health"].get("now"),
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
