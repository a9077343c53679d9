"""End a sprint when it was stopped, or when every task is done, cancelled or skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Event, Kickoff, State

NAME = "finish_sprint"


class Input(TypedDict):
    state: State
    events: list[Event]
    now: str


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


ENDED = ("Done", "Cancelled", "Skipped")


def execute(input: Input) -> Output:
    state, events = input["state"], list(input["events"])
    for event in input["events"]:
        if event["type"] == "sprint_stopped" and event["number"] != state.get("running"):
            state = cancel(state, event["number"], input["now"])
    number = state.get("running")
    if number is None or state["kickoffs"][str(number)]["status"] not in ("Running", "Paused"):
        return {"state": state, "actions": [], "events": events}
    if any(task["status"] not in ENDED for task in state["tasks"].values()):
        return {"state": state, "actions": [], "events": events}
    kickoff: Kickoff = {**state["kickoffs"][str(number)], "status": "Review", "ended_at": input["now"]}
    state = {**state, "kickoffs": {**state["kickoffs"], str(number): kickoff}}
    finished: Event = {
        "type": "sprint_finished",
        "key": f"sprint_finished:{kickoff['id']}:{input['now']}",
        "number": number,
    }
    return {"state": state, "actions": [], "events": [*events, finished]}


def cancel(state: State, number: int, now: str) -> State:
    """A sprint that never ran is cancelled without a retro."""
    kickoff = state["kickoffs"].get(str(number))
    if kickoff is None or kickoff["status"] in ("Review", "Done", "Failed", "Cancelled"):
        return state
    ended: Kickoff = {**kickoff, "status": "Cancelled", "ended_at": now}
    return {**state, "kickoffs": {**state["kickoffs"], str(number): ended}}


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
