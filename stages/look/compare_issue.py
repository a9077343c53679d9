"""Compare a look at an issue with what the state remembers of it: the differences are the events."""

import hashlib
import re
from typing import Any, TypedDict

NAME = "compare_issue"


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


ASKING = re.compile(r"(?m)^[^\w\n]*/\w")
LONGEST = 16384
MARK = re.compile(r"<!-- caloron:([a-z0-9_-]+)[^>]* -->")
OWN = re.compile(r"<!-- caloron:[a-z0-9_-]+ key=[^\s>]+(?: sprint=([^\s>]+))?(?: task=([^\s>]+))? -->\s*\Z")


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list[Any](), list[Any]()
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "issue":
            state, found, looks = compare(state, input["policy"], event)
            events += found
            actions += looks
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


Found = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]


def compare(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> Found:
    number, there = str(event["number"]), event["there"]
    if there.get("is_pull"):
        return state, [], []
    known = (state.get("issues") or {}).get(number)
    known = known if known and "title" in known else None  # else only its labels were shown, or it was closed
    state = {**state, "issues": {**state["issues"], number: remembered(there)}}
    if known is None and shares_account(policy, there):
        state = {**state, "shared": True}
    events = first_met(state, policy, event) if known is None else edits(event, known, there)
    events += planning(state, event)
    looks = who_did_it(state, policy, event, known, there)
    return state, events, looks


def remembered(there: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: there[name] for name in ("state", "title", "author", "author_id", "html_url") if name in there
    }
    body = there.get("body") or ""
    asking = {"asked": body} if ASKING.search(body) and len(body) <= LONGEST else {}
    return {**kept, **asking, "labels": sorted(there["labels"]), "body_hash": hash_of(body)}


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shares_account(policy: dict[str, Any], there: dict[str, Any]) -> bool:
    """An issue by our account without our marker was written by a person who shares it."""
    me = policy.get("me") or {}
    return bool(me.get("id") and there["author_id"] == me["id"] and not MARK.search(there.get("body") or ""))


def told(event: dict[str, Any], type_: str, tail: str, **fields: Any) -> dict[str, Any]:
    common: dict[str, Any] = {
        name: event[name] for name in ("forge", "repo_id", "repo", "at", "found") if name in event
    }
    key = f"{type_}:{event['number']}:{tail}"
    return {**common, "type": type_, "key": key, "issue_number": event["number"], **fields}


def first_met(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    there = event["there"]
    if there["state"] != "open":
        return []
    who = {"actor": there["author"], "actor_id": there["author_id"], "author_id": there["author_id"]}
    said = {"title": there["title"], "body": there.get("body") or "", "labels": there["labels"]}
    return [told(event, "issue_opened", "first", **said, **who, **ours(state, policy, there))]


def ours(state: dict[str, Any], policy: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """Our own words ask for nothing; the marker at their end names the task that waits for its issue."""
    mark, me = OWN.search(there.get("body") or ""), (policy.get("me") or {}).get("id")
    if not mark or me is None or there["author_id"] != me:
        return {}
    running = (state.get("kickoffs") or {}).get(str(state.get("running"))) or {}
    waits = running.get("id") == mark[1] and mark[2] in state["tasks"]
    return {"own": True, "task_id": mark[2]} if waits else {"own": True}


def edits(event: dict[str, Any], known: dict[str, Any], there: dict[str, Any]) -> list[dict[str, Any]]:
    """An edit, with what the text asked for before; who edited is known only if a delivery named them."""
    body = there.get("body") or ""
    # of an issue that we opened ourselves, the text is known only from the first look at it
    if known["title"] == there["title"] and known["body_hash"] in (None, hash_of(body)):
        return []
    caused = event["request"].get("caused") or {}
    editor = caused if caused.get("hint") == "edited" else {}
    who = {"actor": editor.get("actor"), "actor_id": editor.get("actor_id"), "author_id": there["author_id"]}
    said = {"title": there["title"], "body": body, "previous": known.get("asked") or "", "hint": "edited"}
    return [told(event, "issue_edited", f"{hash_of(body)}:{hash_of(there['title'])}", **said, **who)]


def planning(state: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    """The fresh text that a kickoff waited for."""
    kickoff = (state.get("kickoffs") or {}).get(str(event["number"])) or {}
    if kickoff.get("status") != "Planning":
        return []
    there = event["there"]
    text = {"title": there["title"], "body": there.get("body") or "", "author": there["author"]}
    asked = str(kickoff.get("asked_at"))
    return [told(event, "kickoff_read", asked, author_id=there["author_id"], labels=there["labels"], **text)]


def who_did_it(
    state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any], known: Any, there: dict[str, Any]
) -> list[dict[str, Any]]:
    """A command label or a change of open/closed needs the one who did it: the issue's timeline tells."""
    asks = label_changes(policy, known, there)
    if known is not None and known["state"] != there["state"] and matters(state, event["number"]):
        asks.append({"type": "close" if there["state"] == "closed" else "reopen"})
    if not asks:
        return []
    number = event["number"]
    state_of_things = hash_of(f"{there['state']} {sorted(there['labels'])}")
    look = {"type": "look", "what": "timeline", "number": number, "asks": asks, "author": there["author"],
            "author_id": there["author_id"], "key": f"look:timeline:{number}:{state_of_things}"}  # fmt: skip
    caused = {"caused": {"hint": "reconcile"}} if event.get("found") else {}
    return [{**one, **caused} for one in [*merged_first(state, number, asks), look]]


def label_changes(policy: dict[str, Any], known: Any, there: dict[str, Any]) -> list[dict[str, Any]]:
    acting = set(policy.get("command_labels") or [])
    before, now = set((known or {}).get("labels") or []) & acting, set(there["labels"]) & acting
    if known is None and there["state"] != "open":
        return []
    if MARK.search(there.get("body") or "") and there["author_id"] == (policy.get("me") or {}).get("id"):
        now, before = now - {"caloron:task"}, before - {"caloron:task"}
    added = [{"type": "label", "label": label} for label in sorted(now - before)]
    return added + [{"type": "unlabel", "label": label} for label in sorted(before - now)]


def matters(state: dict[str, Any], number: int) -> bool:
    ours = [task.get("issue_number") for task in state["tasks"].values()]
    return number in ours or str(number) in state["kickoffs"]


def merged_first(state: dict[str, Any], number: int, asks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A closed task issue may be closed by its merge: the pull request is looked at before."""
    if all(ask["type"] != "close" for ask in asks):
        return []
    pulls = [
        t["pr_number"]
        for t in state["tasks"].values()
        if t.get("issue_number") == number and t.get("pr_number")
    ]
    return [
        {"type": "look", "what": "pull", "number": pull, "key": f"look:pull:{pull}", "known_reviews": []}
        for pull in pulls
    ]


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
