"""Save a sprint's state for its next tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from shell import tick_file

if TYPE_CHECKING:
    from stages.world import Counters, SprintState

NAME = "save_tick_state"
EFFECTS = ["Fallible", "FsWrite"]


class Tick(TypedDict):
    actions_taken: list[str]
    errors: list[str]
    state: SprintState
    polled_at: str
    interventions: Counters


class Input(TypedDict):
    sprint_id: str
    tick_result: Tick


class Output(TypedDict):
    actions_taken: list[str]
    errors: list[str]
    persisted_path: str


def execute(input: Input) -> Output:
    result = input["tick_result"]
    if not isinstance(result.get("state"), dict):
        raise ValueError("save_tick_state: 'tick_result' holds no state, so nothing was written")
    kept = {
        "state": result["state"],
        "interventions": result.get("interventions") or {},
        "since": result.get("polled_at") or "",
    }
    return {
        "actions_taken": result.get("actions_taken") or [],
        "errors": result.get("errors") or [],
        "persisted_path": str(tick_file.write(input["sprint_id"], kept)),
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
