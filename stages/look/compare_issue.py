"""Compare a fetched issue with what the state remembers of it, and emit the differences as events."""

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


HOLD = "caloron:hold"
NEW = ""
NOBODY: dict[str, Any] = {"actor": None, "actor_id": None}
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


Edit = dict[str, Any]
Found = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]


def compare(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> Found:
    number, there = str(event["number"]), event["there"]
    if there.get("is_pull"):
        return state, [], []
    entry = (state.get("issues") or {}).get(number) or {}
    known = entry if "title" in entry else None  # else only its labels were shown, or it was closed
    change = first_change(event, entry) if known is None else change_since(event, known)
    state = {**state, "issues": {**state["issues"], number: remembered(event, entry, change)}}
    if known is None and shares_account(policy, there):
        state = {**state, "shared": True}
    events = first_met(state, policy, event, change) if known is None else edits(event, known, change)
    events += planning(state, event)
    looks = who_did_it(state, policy, event, known, there)
    return state, hold_seen(state, event, entry) + events, looks


def hold_seen(state: dict[str, Any], event: dict[str, Any], before: dict[str, Any]) -> list[dict[str, Any]]:
    """The label that blocks a merge counts at once, before it is known who set it."""
    number, labels = event["number"], event["there"]["labels"]
    task_id = next((n for n, task in state["tasks"].items() if task.get("issue_number") == number), None)
    if task_id is None or (HOLD in labels) is (HOLD in (before.get("labels") or [])):
        return []
    return [told(event, "hold_seen", str(event["key"]), task_id=task_id)]


def remembered(event: dict[str, Any], entry: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    there = event["there"]
    kept: dict[str, Any] = {
        name: there[name] for name in ("state", "title", "author", "author_id", "html_url") if name in there
    }
    noted = entry.get("edits") or []
    asking = {
        "asks": event.get("asks") or [],
        "waits": change["waits"],
        "edits": noted if change["waits"] else still_to_see(noted, text_of(there)),
    }
    asking = {name: value for name, value in asking.items() if value}
    return {**kept, **asking, "labels": sorted(there["labels"]), "body_hash": text_of(there)}


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def text_of(there: dict[str, Any]) -> str:
    return hash_of(there.get("body") or "")


# Who wrote the text. Deliveries tell who made which text of which; a look alone names nobody.


def first_change(event: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """Of an issue never seen before: the whole text is its author's, unless a delivery tells otherwise."""
    there, noted = event["there"], entry.get("edits") or []
    author = {"actor": there["author"], "actor_id": there["author_id"]}
    if not noted:
        caused = event["request"].get("caused") or {}
        edited = caused.get("hint") == "edited" and caused.get("actor_id") != there["author_id"]
        return {"editor": None if edited else author, "had": [], "waits": None}
    opened = any(edit["was"] == NEW for edit in noted)
    since = NEW if opened else noted[0]["was"]
    steps = steps_between(noted, since, text_of(there))
    waits = {"text": NEW, "asks": []} if opened and steps is None else None
    return {"editor": only_editor(steps, author), "had": [], "waits": waits}


def change_since(event: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Who wrote what is new since the last look, or since a text whose change nobody answered for yet."""
    there, noted, text = event["there"], known.get("edits") or [], text_of(event["there"])
    author = {"actor": there["author"], "actor_id": there["author_id"]}
    since = [known["waits"]] if known.get("waits") else []
    # of an issue that we opened ourselves, the text is known only from the first look at it
    if known["body_hash"] not in (None, text):
        since.append({"text": known["body_hash"], "asks": known.get("asks") or []})
    waits = None
    for before in since:
        steps = steps_between(noted, before["text"], text)
        editor = only_editor(steps, author)
        if editor:
            return {"editor": editor, "had": before["asks"], "waits": None}
        waits = before if steps is None else None
    return {"editor": None, "had": known.get("asks") or [], "waits": waits}


def steps_between(noted: list[Edit], since: str | None, text: str | None) -> list[Edit] | None:
    """The edits that made the one text of the other, the last first; None while one of them was not told."""
    steps = list[Edit]()
    while text != since:
        step = next((edit for edit in reversed(noted) if edit["text"] == text and edit not in steps), None)
        if step is None:
            return None
        steps.append(step)
        text = step["was"]
    return steps


def only_editor(steps: list[Edit] | None, author: dict[str, Any]) -> dict[str, Any] | None:
    """Who made all these edits; None if that was not one person alone."""
    who = [author if step["was"] == NEW else {name: step[name] for name in author} for step in steps or []]
    return who[-1] if len({one["actor_id"] for one in who}) == 1 else None


def still_to_see(noted: list[Edit], text: str) -> list[Edit]:
    """Edits of the text that was seen, whose own look is still to come."""
    seen = [place for place, edit in enumerate(noted) if edit["text"] == text]
    left, texts = list[Edit](), {text}
    for edit in noted[seen[-1] + 1 if seen else 0 :]:
        if edit["was"] in texts:
            left.append(edit)
            texts.add(edit["text"])
    return left


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


def first_met(
    state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any], change: dict[str, Any]
) -> list[dict[str, Any]]:
    there = event["there"]
    if there["state"] != "open":
        return []
    who = {**(change["editor"] or NOBODY), "author_id": there["author_id"]}
    if not change["editor"] or who["actor_id"] != there["author_id"]:
        who["hint"] = "edited"  # what is not the author's own text asks for nothing
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


def edits(event: dict[str, Any], known: dict[str, Any], change: dict[str, Any]) -> list[dict[str, Any]]:
    """An edit, with what the text asked for before, and its editor where deliveries leave no doubt."""
    there, text = event["there"], text_of(event["there"])
    same = known["title"] == there["title"] and known["body_hash"] in (None, text)
    if same and not change["editor"]:
        return []
    who = {**(change["editor"] or NOBODY), "author_id": there["author_id"]}
    said = {"title": there["title"], "body": there.get("body") or "", "had": change["had"], "hint": "edited"}
    return [told(event, "issue_edited", f"{text}:{hash_of(there['title'])}", **said, **who)]


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
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
