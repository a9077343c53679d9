"""Have the board, or a task's note, written again after an edit; say so where nobody knows who edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from stages.world import Action, Comment, Kickoff, Mark, OwnCommentEdited, Shown, State

NAME = "redraw"


class Input(TypedDict):
    state: State
    events: list[OwnCommentEdited]


class Output(TypedDict):
    state: State
    actions: list[Action]


REVERTED = "I was not told who edited the board, so I reverted the edit. "
COMMANDS = "Use a command instead; `/help` lists them."
PLAN = "To change the plan, say `/add-task` or `/drop-task`, or edit the issue and say `/plan`."


def execute(input: Input) -> Output:
    state, event = input["state"], input["events"][0]
    names = [f"issue:{event['issue_number']}:{kind}" for kind in ("board", "note")]
    ours = [name for name in names if is_of(state["shown"].get(name), event)]
    if not ours:
        return {"state": state, "actions": []}
    name, shown = ours[0], state["shown"][ours[0]]
    edited: Shown = {**shown, "hash": f"edited:{event['key']}:{event.get('at')}"}
    state = {**state, "shown": {**state["shown"], name: edited}}
    kickoff = state.get("kickoffs", {}).get(str(event["issue_number"]))
    nameless = not event.get("actor") and not event.get("own")
    return {"state": state, "actions": [line(event, kickoff)] if kickoff and nameless else []}


def is_of(shown: Shown | None, event: OwnCommentEdited) -> bool:
    return shown is not None and shown.get("comment_id") == event["comment_id"]


def line(event: OwnCommentEdited, kickoff: Kickoff) -> Comment:
    """Once per edit: the same edit may be fetched twice, but it has one key."""
    number, key = event["issue_number"], f"undone/{event['key']}"
    body = REVERTED + (PLAN if kickoff.get("status") == "AwaitingApproval" else COMMANDS)
    mark: Mark = {"kind": "note", "sprint": kickoff["id"]}
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
