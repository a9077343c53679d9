"""Handle a closed kickoff issue: with write permission that is `/stop`, else reopen it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action, Event, Kickoff, KickoffClosed, KickoffReopened, Mark, State, TaskCancelled,
    )  # fmt: skip

NAME = "close_kickoff"


class Input(TypedDict):
    state: State
    events: list[KickoffClosed | KickoffReopened]
    now: str


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


UNDER_WAY = ("Proposed", "Planning", "AwaitingApproval", "Approved", "Running", "Paused")


def execute(input: Input) -> Output:
    event, state = input["events"][0], input["state"]
    kickoff = state["kickoffs"].get(str(event["issue_number"]))
    if kickoff is None or kickoff["status"] not in UNDER_WAY or event["type"] != "kickoff_closed":
        return {"state": state, "actions": [], "events": []}
    if not event.get("allowed"):
        return {"state": state, "actions": reopen(kickoff, event), "events": []}
    number = kickoff["number"]
    state = {
        **state,
        "kickoffs": {**state["kickoffs"], str(number): {**kickoff, "stopped_by": event["actor"]}},
    }
    stopped: list[Event] = [
        {"type": "sprint_stopped", "key": f"sprint_stopped:{event['key']}", "number": number}
    ]
    if state.get("running") == number:
        stopped = [*(cancelled(event, name) for name in sorted(state["tasks"])), *stopped]
    return {"state": state, "actions": [], "events": stopped}


def cancelled(event: KickoffClosed, task_id: str) -> TaskCancelled:
    return {"type": "task_cancelled", "key": f"task_cancelled:{task_id}:{event['key']}", "task_id": task_id}


def reopen(kickoff: Kickoff, event: KickoffClosed) -> list[Action]:
    number, key = kickoff["number"], f"{kickoff['id']}/reopen/{event['key']}"
    words = "Only people with write permission can end this sprint, so I reopened the issue."
    mark: Mark = {"kind": "note", "sprint": kickoff["id"]}
    comment: Action = {"type": "comment", "number": number, "body": words, "key": f"{key}/said", "mark": mark}
    return [{"type": "reopen_issue", "number": number, "key": key}, comment]


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
