"""Compare a fetched issue with what the state remembers of it, and emit the differences as events."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, Edit, Event, ForgeIssue, HoldSeen, Issue, IssueEdited, IssueOpened, KickoffRead, LookPull,
        LookTimeline, Policy, SeenIssue, State, TimelineAsk, Unanswered,
    )  # fmt: skip

NAME = "compare_issue"


class Input(TypedDict):
    state: State
    events: list[Event]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


class Who(TypedDict):
    actor: str | None
    actor_id: int | None


class Change(TypedDict):
    editor: Who | None
    had: list[str]
    waits: Unanswered | None


HOLD = "caloron:hold"
NEW = ""
ORIGIN = ("forge", "repo_id", "repo", "at", "found")
NOBODY: Who = {"actor": None, "actor_id": None}
MARK = re.compile(r"<!-- caloron:([a-z0-9_-]+)[^>]* -->")
OWN = re.compile(r"<!-- caloron:[a-z0-9_-]+ key=[^\s>]+(?: sprint=([^\s>]+))?(?: task=([^\s>]+))? -->\s*\Z")


def execute(input: Input) -> Output:
    state = input["state"]
    actions: list[Action] = []
    events: list[Event] = []
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "issue":
            state, found, looks = compare(state, input["policy"], event)
            events += found
            actions += looks
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


def compare(state: State, policy: Policy, event: SeenIssue) -> tuple[State, list[Event], list[Action]]:
    number, observed = str(event["number"]), event["there"]
    state, adopted = adopting(state, event)
    if observed.get("is_pull"):
        return state, adopted, []
    entry = state.get("issues", {}).get(number, {})
    known = entry if "title" in entry else None  # else only its labels were shown, or it was closed
    change = first_change(event, entry) if known is None else change_since(event, known)
    state = {**state, "issues": {**state["issues"], number: remembered(event, entry, change)}}
    if known is None and shares_account(policy, observed):
        state = {**state, "shared": True}
    events = first_met(state, policy, event, change) if known is None else edits(event, known, change)
    events += [*planning(state, event), *adopted]
    looks = who_did_it(state, policy, event, known, observed)
    return state, hold_seen(state, event, entry) + events, looks


def hold_seen(state: State, event: SeenIssue, before: Issue) -> list[Event]:
    """The label that blocks a merge counts at once, before it is known who set it."""
    number, labels = event["number"], event["there"]["labels"]
    task_id = next((n for n, task in state["tasks"].items() if task.get("issue_number") == number), None)
    if task_id is None or (HOLD in labels) is (HOLD in (before.get("labels") or [])):
        return []
    key = f"hold_seen:{number}:{event['key']}"
    seen: HoldSeen = {"type": "hold_seen", "key": key, "issue_number": number, "task_id": task_id}
    return [with_origin(event, seen)]


def remembered(event: SeenIssue, entry: Issue, change: Change) -> Issue:
    observed, noted = event["there"], entry.get("edits") or []
    issue: Issue = {
        "state": observed["state"],
        "labels": sorted(observed["labels"]),
        "body_hash": text_of(observed),
    }
    if "title" in observed:
        issue["title"] = observed["title"]
    if "author" in observed:
        issue["author"] = observed["author"]
    if "author_id" in observed:
        issue["author_id"] = observed["author_id"]
    if "html_url" in observed:
        issue["html_url"] = observed["html_url"]
    if asks := event.get("asks"):
        issue["asks"] = asks
    if change["waits"]:
        issue["waits"] = change["waits"]
    if edits := noted if change["waits"] else still_to_see(noted, text_of(observed)):
        issue["edits"] = edits
    return issue


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def text_of(observed: ForgeIssue) -> str:
    return hash_of(observed.get("body") or "")


# Who wrote the text. Deliveries tell who made which text of which; a look alone names nobody.


def first_change(event: SeenIssue, entry: Issue) -> Change:
    """Of an issue never seen before: the whole text is its author's, unless a delivery tells otherwise."""
    observed, noted = event["there"], entry.get("edits") or []
    author: Who = {"actor": observed["author"], "actor_id": observed["author_id"]}
    if not noted:
        caused = event["request"].get("caused", {})
        edited = caused.get("hint") == "edited" and caused.get("actor_id") != observed["author_id"]
        return {"editor": None if edited else author, "had": [], "waits": None}
    opened = any(edit["was"] == NEW for edit in noted)
    since = NEW if opened else noted[0]["was"]
    steps = steps_between(noted, since, text_of(observed))
    waits: Unanswered | None = {"text": NEW, "asks": []} if opened and steps is None else None
    return {"editor": only_editor(steps, author), "had": [], "waits": waits}


def change_since(event: SeenIssue, known: Issue) -> Change:
    """Who wrote what is new since the last look, or since a text whose change nobody answered for yet."""
    observed, noted, text = event["there"], known.get("edits") or [], text_of(event["there"])
    author: Who = {"actor": observed["author"], "actor_id": observed["author_id"]}
    since = [known["waits"]] if known.get("waits") else []
    # of an issue that we opened ourselves, the text is known only from the first look at it
    if known["body_hash"] is not None and known["body_hash"] != text:
        since.append({"text": known["body_hash"], "asks": known.get("asks") or []})
    waits: Unanswered | None = None
    for before in since:
        steps = steps_between(noted, before["text"], text)
        editor = only_editor(steps, author)
        if editor:
            return {"editor": editor, "had": before["asks"], "waits": None}
        waits = before if steps is None else None
    return {"editor": None, "had": known.get("asks") or [], "waits": waits}


def steps_between(noted: list[Edit], since: str | None, text: str | None) -> list[Edit] | None:
    """The edits that made the one text of the other, the last first; None while one of them was not told."""
    steps: list[Edit] = []
    while text != since:
        step = next((edit for edit in reversed(noted) if edit["text"] == text and edit not in steps), None)
        if step is None:
            return None
        steps.append(step)
        text = step["was"]
    return steps


def only_editor(steps: list[Edit] | None, author: Who) -> Who | None:
    """Who made all these edits; None if that was not one person alone."""
    who = [author if step["was"] == NEW else editor_of(step) for step in steps or []]
    return who[-1] if len({one["actor_id"] for one in who}) == 1 else None


def editor_of(edit: Edit) -> Who:
    return {"actor": edit["actor"], "actor_id": edit["actor_id"]}


def still_to_see(noted: list[Edit], text: str) -> list[Edit]:
    """Edits of the text that was seen, whose own look is still to come."""
    seen = [place for place, edit in enumerate(noted) if edit["text"] == text]
    texts = {text}
    left: list[Edit] = []
    for edit in noted[seen[-1] + 1 if seen else 0 :]:
        if edit["was"] in texts:
            left.append(edit)
            texts.add(edit["text"])
    return left


def shares_account(policy: Policy, observed: ForgeIssue) -> bool:
    """An issue by our account without our marker was written by a person who shares it."""
    me = policy.get("me")
    return bool(me and observed["author_id"] == me["id"] and not MARK.search(observed.get("body") or ""))


Emitted = TypeVar("Emitted", bound=Mapping[str, object])


def with_origin(event: SeenIssue, emitted: Emitted) -> Emitted:
    """The emitted event, with where and when it happened."""
    fields: Mapping[str, object] = event
    return cast("Emitted", {**{name: fields[name] for name in ORIGIN if name in fields}, **emitted})


def first_met(state: State, policy: Policy, event: SeenIssue, change: Change) -> list[Event]:
    observed, number = event["there"], event["number"]
    if observed["state"] != "open":
        return []
    who = change["editor"] or NOBODY
    opened: IssueOpened = {
        "type": "issue_opened",
        "key": f"issue_opened:{number}:first",
        "issue_number": number,
        "title": observed["title"],
        "body": observed.get("body") or "",
        "labels": observed["labels"],
        "actor": who["actor"],
        "actor_id": who["actor_id"],
        "author_id": observed["author_id"],
    }
    if not change["editor"] or who["actor_id"] != observed["author_id"]:
        opened["hint"] = "edited"  # what is not the author's own text asks for nothing
    if is_ours(policy, observed):
        opened["own"] = True
        if task_id := task_of(state, observed):
            opened["task_id"] = task_id
    return [with_origin(event, opened)]


def is_ours(policy: Policy, observed: ForgeIssue) -> bool:
    """Our own words ask for nothing."""
    me = policy.get("me")
    return bool(me and observed["author_id"] == me["id"] and OWN.search(observed.get("body") or ""))


def task_of(state: State, observed: ForgeIssue) -> str | None:
    """The marker at the end names the task that waits for this issue."""
    mark = OWN.search(observed.get("body") or "")
    running = state.get("kickoffs", {}).get(str(state.get("running")))
    waits = mark and running and running["id"] == mark[1] and mark[2] in state["tasks"]
    return mark[2] if mark and waits else None


def edits(event: SeenIssue, known: Issue, change: Change) -> list[Event]:
    """An edit, with what the text asked for before, and its editor where deliveries leave no doubt."""
    observed, text, number = event["there"], text_of(event["there"]), event["number"]
    same = known["title"] == observed["title"] and known["body_hash"] in (None, text)
    if same and not change["editor"]:
        return []
    who = change["editor"] or NOBODY
    edited: IssueEdited = {
        "type": "issue_edited",
        "key": f"issue_edited:{number}:{text}:{hash_of(observed['title'])}",
        "issue_number": number,
        "title": observed["title"],
        "body": observed.get("body") or "",
        "had": change["had"],
        "hint": "edited",
        "actor": who["actor"],
        "actor_id": who["actor_id"],
        "author_id": observed["author_id"],
    }
    return [with_origin(event, edited)]


def planning(state: State, event: SeenIssue) -> list[Event]:
    """The fresh text that a kickoff waited for."""
    observed, number = event["there"], event["number"]
    kickoff = state.get("kickoffs", {}).get(str(number))
    if not kickoff or kickoff.get("status") != "Planning":
        return []
    read: KickoffRead = {
        "type": "kickoff_read",
        "key": f"kickoff_read:{number}:{kickoff['asked_at']}",
        "issue_number": number,
        "title": observed["title"],
        "body": observed.get("body") or "",
        "author": observed["author"],
        "author_id": observed["author_id"],
        "labels": observed["labels"],
    }
    return [with_origin(event, read)]


def adopting(state: State, event: SeenIssue) -> tuple[State, list[Event]]:
    """The label that makes this issue a task, now that its text is there."""
    number, observed, waiting = str(event["number"]), event["there"], state.get("adopting") or {}
    if number not in waiting:
        return state, []
    command = waiting[number].copy()
    command["text"] = {
        "issue_title": observed.get("title") or "",
        "issue_body": observed.get("body") or "",
        "is_open": observed["state"] == "open",
    }
    if observed.get("is_pull"):
        command["where"] = {**command["where"], "is_pull": True}
    others = {name: one for name, one in waiting.items() if name != number}
    return {**state, "adopting": others}, [command]


def who_did_it(
    state: State, policy: Policy, event: SeenIssue, known: Issue | None, observed: ForgeIssue
) -> list[Action]:
    """A command label or a change of open/closed needs the one who did it: the issue's timeline tells."""
    asks = label_changes(policy, known, observed, str(event["number"]) in state["kickoffs"])
    if known is not None and known["state"] != observed["state"] and matters(state, event["number"]):
        asks.append({"type": "close" if observed["state"] == "closed" else "reopen"})
    if not asks:
        return []
    number = event["number"]
    state_of_things = hash_of(f"{observed['state']} {sorted(observed['labels'])}")
    look: LookTimeline = {
        "type": "look", "what": "timeline", "number": number, "asks": asks, "author": observed["author"],
        "author_id": observed["author_id"], "key": f"look:timeline:{number}:{state_of_things}",
    }  # fmt: skip
    looks = [*merged_first(state, number, asks), look]
    for one in looks if event.get("found") else []:
        one["caused"] = {"hint": "reconcile"}
    return [*looks]


def label_changes(
    policy: Policy, known: Issue | None, observed: ForgeIssue, is_kickoff: bool
) -> list[TimelineAsk]:
    """The label of a kickoff is put there by us, too: it asks for a plan only where there is none."""
    acting = set(policy.get("command_labels") or [])
    before = set(known.get("labels") or []) & acting if known else set()
    now = set(observed["labels"]) & acting
    if known is None and observed["state"] != "open":
        return []
    me = policy.get("me")
    if me and MARK.search(observed.get("body") or "") and observed["author_id"] == me["id"]:
        now, before = now - {"caloron:task"}, before - {"caloron:task"}
    ours = {"caloron:sprint"} if is_kickoff else set()
    added: list[TimelineAsk] = [{"type": "label", "label": label} for label in sorted(now - before - ours)]
    taken: list[TimelineAsk] = [{"type": "unlabel", "label": label} for label in sorted(before - now)]
    return added + taken


def matters(state: State, number: int) -> bool:
    ours = [task.get("issue_number") for task in state["tasks"].values()]
    return number in ours or str(number) in state["kickoffs"]


def merged_first(state: State, number: int, asks: list[TimelineAsk]) -> list[LookPull | LookTimeline]:
    """A closed task issue may be closed by its merge: the pull request is looked at before."""
    if all(ask["type"] != "close" for ask in asks):
        return []
    own = (task for task in state["tasks"].values() if task.get("issue_number") == number)
    pulls = [pull for task in own if (pull := task.get("pr_number"))]
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
