"""Someone edited the board: have it drawn anew, and where nobody knows who it was, say that it is undone."""

from typing import Any, TypedDict

NAME = "redraw"


class Input(TypedDict):
    state: Any
    events: list[Any]


class Output(TypedDict):
    state: Any
    actions: list[Any]


WORDS = (
    "Someone edited the board, but word of it did not reach me and the forge does not say who it was, "
    "so the edit does not count: the board is drawn anew. "
)
COMMANDS = "Please say with a command what you would like; `/help` lists them."
PLAN = "To change the plan, please edit the text above and say `/plan`; `/help` lists all commands."


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
    """Once per edit: the same look may be taken twice, but the edit has one key."""
    number, key = event["issue_number"], f"undone/{event['key']}"
    words = WORDS + (PLAN if kickoff.get("status") == "AwaitingApproval" else COMMANDS)
    mark = {"kind": "note", "sprint": kickoff["id"]}
    return {"type": "comment", "number": number, "body": words, "key": key, "mark": mark}


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
