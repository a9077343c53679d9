"""Put the retro on the board, close the kickoff, and let the next sprint start."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action, Event, Kickoff, SprintFigures, SprintFinished, SprintStatus, State, Task,
    )  # fmt: skip

NAME = "close_sprint"


LATEST_S = 10.0
"""`take_shown` asks for it as soon as the board shows the retro; it is closed too if the board cannot be."""


class Report(TypedDict):
    report_markdown: str


class Input(TypedDict):
    state: State
    events: list[SprintFinished]
    now: str
    kpis: SprintFigures
    report: Report


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


def execute(input: Input) -> Output:
    state, number = input["state"], input["events"][0]["number"]
    kickoff = state["kickoffs"][str(number)]
    status = verdict(kickoff, state["tasks"])
    ended: Kickoff = {**kickoff, "status": status, "retro": input["kpis"], "plan": None,
                      "tasks": state["tasks"], "retro_text": input["report"]["report_markdown"],
                      "closing": True}  # fmt: skip
    state = {**state, "running": None, "kickoffs": {**state["kickoffs"], str(number): ended},
             "last_kpis": input["kpis"]}  # fmt: skip
    close: Action = {"type": "close_issue", "number": number, "key": f"{kickoff['id']}/close",
                     "due_in_s": LATEST_S}  # fmt: skip
    over: Event = {
        "type": "sprint_ended",
        "key": f"sprint_ended:{kickoff['id']}:{input['now']}",
        "number": number,
    }
    return {"state": state, "actions": [close], "events": [over]}


def verdict(kickoff: Kickoff, tasks: dict[str, Task]) -> SprintStatus:
    if kickoff.get("stopped_by"):
        return "Cancelled"
    return "Done" if any(task["status"] == "Done" for task in tasks.values()) else "Failed"


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
