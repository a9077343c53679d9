"""Revert an edit of the board, and say so where nobody knows who edited it."""

from typing import Any, TypedDict

NAME = "redraw"


class Input(TypedDict):
    state: Any
    events: list[Any]


class Output(TypedDict):
    state: Any
    actions: list[Any]


REVERTED = "Edits to the board are reverted. "
COMMANDS = "Use a command instead; `/help` lists them."
PLAN = "To change the plan, edit the issue and say `/plan`; `/help` lists all commands."


def execute(input: Input) -> Output:
    state, event = input["state"], input["events"][0]
    name = f"issue:{event['issue_number']}:board"
    shown = state["shown"].get(name)
    if shown is None or shown.get("comment_id") != event["comment_id"]:
        return {"state": state, "actions": []}
    edited = {**shown, "hash": f"edited:{event['key']}:{event.get('at')}"}
    state = {**state, "shown": {**state["shown"], name: edited}}
    kickoff = (state.get("kickoffs") or {}).get(str(event["issue_number"]))
    nameless = not event.get("actor") and not event.get("own")
    return {"state": state, "actions": [line(event, kickoff)] if kickoff and nameless else []}


def line(event: dict[str, Any], kickoff: dict[str, Any]) -> dict[str, Any]:
    """Once per edit: the same edit may be fetched twice, but it has one key."""
    number, key = event["issue_number"], f"undone/{event['key']}"
    body = REVERTED + (PLAN if kickoff.get("status") == "AwaitingApproval" else COMMANDS)
    mark = {"kind": "note", "sprint": kickoff["id"]}
    return {"type": "comment", "number": number, "body": body, "key": key, "mark": mark}


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
