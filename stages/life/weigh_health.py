"""Hand the agents' health to the one who decides on interventions, with the counters that the state keeps."""

from typing import Any, TypedDict

NAME = "weigh_health"


class Health(TypedDict):
    results: list[Any]


class Input(TypedDict):
    state: Any
    now: str
    policy: Any
    health: Health


class Output(TypedDict):
    results: list[Any]
    interventions: Any
    cooldown_m: float | None
    now: str


def execute(input: Input) -> Output:
    interventions = input["state"].get("interventions") or {}
    return {"results": input["health"]["results"], "interventions": interventions,
            "cooldown_m": input["policy"].get("cooldown_m"), "now": input["now"]}  # fmt: skip


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
