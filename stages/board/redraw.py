"""Someone edited what we wrote: note that something else stands there, so that the board is drawn anew."""

from typing import Any, TypedDict

NAME = "redraw"


class Input(TypedDict):
    state: Any
    events: list[Any]


class Output(TypedDict):
    state: Any
    actions: list[Any]


def execute(input: Input) -> Output:
    state, event = input["state"], input["events"][0]
    name = f"issue:{event['issue_number']}:board"
    shown = state["shown"].get(name)
    if shown is None or shown.get("comment_id") != event["comment_id"]:
        return {"state": state, "actions": []}
    edited = {**shown, "hash": f"edited:{event['key']}:{event.get('at')}"}
    return {"state": {**state, "shown": {**state["shown"], name: edited}}, "actions": []}


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
