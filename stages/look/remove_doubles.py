"""Remember what we wrote by its key; of two writes with one key, remove the younger."""

import re
from typing import Any, TypedDict

NAME = "remove_doubles"


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]


MARK = re.compile(r"<!-- caloron:[a-z0-9_-]+ key=([^\s>]+)[^>]* -->\s*\Z")
KEPT = 300
"""Of each kind so many: a double comes within minutes of the first, or with the next look around."""
WRITES = {"create_issue": "number", "comment": "comment_id"}
Step = tuple[dict[str, Any], list[dict[str, Any]]]


def execute(input: Input) -> Output:
    state, actions = input["state"], list[Any]()
    for event in input["events"]:
        if event["type"] == "performed" and event["action"]["type"] in WRITES:
            state = remember(state, event["action"], event["result"])
        elif event["type"] == "seen" and event["what"] == "catch_up":
            state, more = compare(state, (input["policy"].get("me") or {}).get("id"), event["there"])
            actions += more
    return {"state": state, "actions": actions}


def remember(state: dict[str, Any], action: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    mark, own = action.get("mark") or {}, state.get("own") or {}
    key = mark.get("key") or action["key"]
    kind = "issue" if action["type"] == "create_issue" else "comment"
    known = own.get(key) or {}
    ids = sorted({*(known.get("ids") or []), result[WRITES[action["type"]]]})
    entry = {"kind": kind, "ids": ids, "thread": action.get("number"), "sprint": mark.get("sprint")}
    return {**state, "own": newest({**own, key: entry}, kind)}


def newest(own: dict[str, Any], kind: str) -> dict[str, Any]:
    """Without the oldest of this kind, once there are twice as many as are kept."""
    ages = sorted((entry["ids"][-1], key) for key, entry in own.items() if entry["kind"] == kind)
    if len(ages) <= 2 * KEPT:
        return own
    old = {key for _, key in ages[:-KEPT]}
    return {key: entry for key, entry in own.items() if key not in old}


def compare(state: dict[str, Any], me: Any, there: dict[str, Any]) -> Step:
    """What no answer told of, although its key is known, is the double of what one told of."""
    actions: list[dict[str, Any]] = []
    for issue in there["issues"]:
        known = known_by(state, me, issue, "issue")
        if known and issue["number"] not in known["ids"] and issue["state"] == "open":
            state, more = of_two_issues(state, issue, known)
            actions += more
    for comment in there["comments"]:
        known = known_by(state, me, comment, "comment")
        same = known and known["thread"] == comment["issue_number"]
        if known and same and comment["comment_id"] not in known["ids"]:
            state, more = of_two_comments(state, comment, known)
            actions += more
    state, more = of_boards(state, me, there["comments"])
    return state, actions + more


def key_of(me: Any, there: dict[str, Any]) -> str | None:
    """The key at the end of a text of ours; one that anyone else pasted is none."""
    mark = MARK.search(there.get("body") or "")
    return plain(mark[1]) if mark and me is not None and there["author_id"] == me else None


def plain(text: str) -> str:
    def read(run: re.Match[str]) -> str:
        return bytes.fromhex(run[0].replace("%", "")).decode(errors="replace")

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", read, text)


def known_by(state: dict[str, Any], me: Any, there: dict[str, Any], kind: str) -> dict[str, Any] | None:
    key = key_of(me, there)
    known = (state.get("own") or {}).get(key) if key else None
    return {**known, "key": key} if known and known["kind"] == kind else None


def keep(state: dict[str, Any], known: dict[str, Any], kept: int, gone: int) -> dict[str, Any]:
    """Both are known from now on, so that none of them is a double again."""
    entry = {name: value for name, value in known.items() if name != "key"}
    entry["ids"] = sorted({*known["ids"], kept, gone})
    return {**state, "own": {**state["own"], known["key"]: entry}}


# issues


def of_two_issues(state: dict[str, Any], issue: dict[str, Any], known: dict[str, Any]) -> Step:
    elder, younger = sorted((issue["number"], known["ids"][-1]))
    state = bound_to(keep(state, known, elder, younger), younger, elder)
    words = f"The forge created this issue twice, so I close this one; work continues in #{elder}."
    said = {"type": "comment", "number": younger, "body": words, "key": f"double/{younger}",
            "mark": {"kind": "note", "sprint": known.get("sprint") or ""}}  # fmt: skip
    close = {"type": "close_issue", "number": younger, "key": f"double/{younger}/close"}
    return state, [said, close]


def bound_to(state: dict[str, Any], younger: int, elder: int) -> dict[str, Any]:
    """The task of the younger issue is the elder's from now on."""
    moved = {name: {**task, "issue_number": elder} for name, task in (state.get("tasks") or {}).items()
             if task.get("issue_number") == younger}  # fmt: skip
    return {**state, "tasks": {**state["tasks"], **moved}} if moved else state


# comments


def of_two_comments(state: dict[str, Any], comment: dict[str, Any], known: dict[str, Any]) -> Step:
    elder, younger = sorted((comment["comment_id"], known["ids"][-1]))
    return keep(state, known, elder, younger), [delete(younger)]


def of_boards(state: dict[str, Any], me: Any, comments: list[Any]) -> Step:
    """A board is written as what is shown, so it is known from there."""
    actions = []
    for comment in comments:
        name, key = f"issue:{comment['issue_number']}:board", key_of(me, comment)
        shown = (state.get("shown") or {}).get(name) or {}
        if key == name and shown.get("comment_id") not in (None, comment["comment_id"]):
            elder, younger = sorted((comment["comment_id"], shown["comment_id"]))
            actions.append(delete(younger))
            if elder != shown["comment_id"]:
                again = {**shown, "comment_id": elder, "hash": None}
                state = {**state, "shown": {**state["shown"], name: again}}
    return state, actions


def delete(comment_id: int) -> dict[str, Any]:
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
