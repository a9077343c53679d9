"""Remember what we wrote by its key; of two writes with one key, remove the younger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from stages.world import (
        Action, Event, ForgeChanges, ForgeComment, ForgeIssue, OwnText, Policy, Result, Shown, State, Task,
    )  # fmt: skip

NAME = "remove_doubles"


class Input(TypedDict):
    state: State
    events: list[Event]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]


MARK = re.compile(r"<!-- caloron:[a-z0-9_-]+ key=([^\s>]+)[^>]* -->\s*\Z")
INSTALLATION = re.compile(r" installation=([0-9a-f]+)")
KEPT = 300
"""Of each kind so many: a double comes within minutes of the first, or with the next look around."""


def execute(input: Input) -> Output:
    state = input["state"]
    actions: list[Action] = []
    for event in input["events"]:
        if event["type"] == "performed":
            state = remember(state, event["action"], event["result"])
        elif event["type"] == "seen" and event["what"] == "catch_up":
            me = input["policy"].get("me")
            observed = without_others(event["there"], input["policy"].get("installation"))
            state, more = compare(state, me["id"] if me else None, observed)
            actions += more
    return {"state": state, "actions": actions}


def remember(state: State, action: Action, result: Result) -> State:
    mark, own = action.get("mark"), state.get("own", {})
    kind: Literal["issue", "comment"]
    match action["type"]:
        case "create_issue":
            kind, number, thread = "issue", result["number"], None
        case "comment":
            kind, number, thread = "comment", result["comment_id"], action["number"]
        case _:
            return state
    key = mark.get("key") or action["key"] if mark else action["key"]
    ids = sorted({*(own[key]["ids"] if key in own else []), number})
    sprint = mark.get("sprint") if mark else None
    entry: OwnText = {"kind": kind, "ids": ids, "thread": thread, "sprint": sprint}
    return {**state, "own": newest({**own, key: entry}, kind)}


def newest(own: dict[str, OwnText], kind: str) -> dict[str, OwnText]:
    """Without the oldest of this kind, once there are twice as many as are kept."""
    ages = sorted((entry["ids"][-1], key) for key, entry in own.items() if entry["kind"] == kind)
    if len(ages) <= 2 * KEPT:
        return own
    old = {key for _, key in ages[:-KEPT]}
    return {key: entry for key, entry in own.items() if key not in old}


def compare(state: State, me: int | None, observed: ForgeChanges) -> tuple[State, list[Action]]:
    """What no answer told of, although its key is known, is the double of what one told of."""
    actions: list[Action] = []
    for issue in observed["issues"]:
        key, known = known_by(state, me, issue, "issue")
        if known and issue["number"] not in known["ids"] and issue["state"] == "open":
            state, more = of_two_issues(state, issue, key, known)
            actions += more
    for comment in observed["comments"]:
        key, known = known_by(state, me, comment, "comment")
        same = known and known["thread"] == comment["issue_number"]
        if known and same and comment["comment_id"] not in known["ids"]:
            state, more = of_two_comments(state, comment, key, known)
            actions += more
    for kind in ("board", "note"):
        state, more = of_shown(state, me, observed["comments"], kind)
        actions += more
    return state, actions


def without_others(observed: ForgeChanges, own: str | None) -> ForgeChanges:
    """Without the boards that another installation of the bot wrote with our account."""
    comments = [one for one in observed["comments"] if written_by(one) in (None, own)]
    return {**observed, "comments": comments} if len(comments) < len(observed["comments"]) else observed


def written_by(comment: ForgeComment) -> str | None:
    mark = MARK.search(comment.get("body") or "")
    found = INSTALLATION.search(mark[0]) if mark else None
    return found[1] if found else None


def key_of(me: int | None, observed: ForgeIssue | ForgeComment) -> str | None:
    """The key at the end of a text of ours; one that anyone else pasted is none."""
    mark = MARK.search(observed.get("body") or "")
    return plain(mark[1]) if mark and me is not None and observed["author_id"] == me else None


def plain(text: str) -> str:
    def read(run: re.Match[str]) -> str:
        return bytes.fromhex(run[0].replace("%", "")).decode(errors="replace")

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", read, text)


def known_by(
    state: State, me: int | None, observed: ForgeIssue | ForgeComment, kind: str
) -> tuple[str, OwnText | None]:
    """The key of a text of ours, and what we know to have written under it."""
    key = key_of(me, observed)
    known = state.get("own", {}).get(key) if key else None
    return key or "", known if known and known["kind"] == kind else None


def keep(state: State, key: str, known: OwnText, kept: int, gone: int) -> State:
    """Both are known from now on, so that none of them is a double again."""
    entry: OwnText = {**known, "ids": sorted({*known["ids"], kept, gone})}
    return {**state, "own": {**state["own"], key: entry}}


# issues


def of_two_issues(state: State, issue: ForgeIssue, key: str, known: OwnText) -> tuple[State, list[Action]]:
    elder, younger = sorted((issue["number"], known["ids"][-1]))
    state = bound_to(keep(state, key, known, elder, younger), younger, elder)
    words = f"The forge created this issue twice, so I close this one; work continues in #{elder}."
    comment: Action = {"type": "comment", "number": younger, "body": words, "key": f"double/{younger}",
            "mark": {"kind": "note", "sprint": known.get("sprint") or ""}}  # fmt: skip
    close: Action = {"type": "close_issue", "number": younger, "key": f"double/{younger}/close"}
    return state, [comment, close]


def bound_to(state: State, younger: int, elder: int) -> State:
    """The task of the younger issue is the elder's from now on."""
    moved: dict[str, Task] = {}
    for name, task in state.get("tasks", {}).items():
        if task.get("issue_number") == younger:
            moved[name] = {**task, "issue_number": elder}
    return {**state, "tasks": {**state["tasks"], **moved}} if moved else state


# comments


def of_two_comments(
    state: State, comment: ForgeComment, key: str, known: OwnText
) -> tuple[State, list[Action]]:
    elder, younger = sorted((comment["comment_id"], known["ids"][-1]))
    return keep(state, key, known, elder, younger), [delete(younger)]


def of_shown(
    state: State, me: int | None, comments: list[ForgeComment], kind: str
) -> tuple[State, list[Action]]:
    """Boards and notes are written as what is shown, so they are known from there."""
    actions: list[Action] = []
    for comment in comments:
        name, key = f"issue:{comment['issue_number']}:{kind}", key_of(me, comment)
        shown = state.get("shown", {}).get(name)
        first = shown["comment_id"] if shown else None
        if shown and key == name and first is not None and first != comment["comment_id"]:
            elder, younger = sorted((comment["comment_id"], first))
            actions.append(delete(younger))
            if elder != first:
                again: Shown = {**shown, "comment_id": elder, "hash": None}
                state = {**state, "shown": {**state["shown"], name: again}}
    return state, actions


def delete(comment_id: int) -> Action:
    return {"type": "delete_comment", "comment_id": comment_id, "key": f"double/{comment_id}/delete"}


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
