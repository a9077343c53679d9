"""Handle a closed kickoff issue: with write permission that is `/stop`, else reopen it."""

from typing import Any, TypedDict

NAME = "close_kickoff"


class Input(TypedDict):
    state: Any
    events: list[Any]
    now: str


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


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
    stopped = [{"type": "sprint_stopped", "key": f"sprint_stopped:{event['key']}", "number": number}]
    if state.get("running") == number:
        stopped = [cancelled(event, name) for name in sorted(state["tasks"])] + stopped
    return {"state": state, "actions": [], "events": stopped}


def cancelled(event: dict[str, Any], task_id: str) -> dict[str, Any]:
    return {"type": "task_cancelled", "key": f"task_cancelled:{task_id}:{event['key']}", "task_id": task_id}


def reopen(kickoff: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    number, key = kickoff["number"], f"{kickoff['id']}/reopen/{event['key']}"
    words = "Only people with write permission can end this sprint, so I reopened the issue."
    mark = {"kind": "note", "sprint": kickoff["id"]}
    said = {"type": "comment", "number": number, "body": words, "key": f"{key}/said", "mark": mark}
    return [{"type": "reopen_issue", "number": number, "key": key}, said]


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
