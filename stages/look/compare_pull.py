"""Compare a fetched pull request, or its base's required checks, with what the state remembers."""

import re
from typing import Any, TypedDict

NAME = "compare_pull"


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


HOLD = "caloron:hold"
BRANCH = re.compile(r"agent/([a-z0-9_-]{1,64})/([a-z0-9_-]{1,64})")
MARK = re.compile(r"<!-- caloron:pull [^>]*?sprint=([^\s>]+) task=([^\s>]+) -->")


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list[Any](), list[Any]()
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "pull":
            state, found, looks = compare(state, input["policy"], event)
            actions += looks + ask_again(state, found)
            events += found
        elif is_protection(event):
            state, found = require(state, event)
            events += found
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


Compared = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]
"""The state, the events, the looks."""


def compare(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> Compared:
    number, there = str(event["number"]), event["there"]
    task_id = task_of(state, policy, there)
    if task_id is None:
        return state, [], []
    known = (state.get("pulls") or {}).get(number) or {}
    event = {**event, "task_id": task_id}
    if ((event.get("request") or {}).get("caused") or {}).get("hint") == "reconcile":
        event["found"] = True
    missing = lacking(state, there["status"])
    found = [
        *opened_or_moved(event, known, there, state["tasks"][task_id]),
        *checks(event, known, there, missing),
        *reviews(event, known, there),
        *ended(event, known, there),
    ]
    pulls = {**state["pulls"], number: remembered(there, task_id, missing)}
    state, held, looks = compare_labels({**state, "pulls": pulls}, policy, event)
    return state, held + found, looks


def compare_labels(state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]) -> Compared:
    """A label that is a command needs the one who set it: the timeline tells.

    The one that blocks the merge counts at once, before it is known who set it.
    """
    number, there = str(event["number"]), event["there"]
    entry = (state.get("issues") or {}).get(number) or {}
    before, now = set(entry.get("labels") or []), set(there.get("labels") or [])
    if before == now or there["state"] != "open":
        return state, [], []
    state = {**state, "issues": {**(state.get("issues") or {}), number: {**entry, "labels": sorted(now)}}}
    acting = set(policy.get("command_labels") or [])
    asks = [{"type": "label", "label": label} for label in sorted(acting & (now - before))]
    asks += [{"type": "unlabel", "label": label} for label in sorted(acting & (before - now))]
    held = [told(event, "hold_seen", str(event["key"]))] if HOLD in before ^ now else []
    return state, held, [timeline(event, asks, now)] if asks else []


def timeline(event: dict[str, Any], asks: list[dict[str, Any]], labels: set[str]) -> dict[str, Any]:
    number, there = event["number"], event["there"]
    caused = {"caused": {"hint": "reconcile"}} if event.get("found") else {}
    return {"type": "look", "what": "timeline", "number": number, "asks": asks, "author": there["author"],
            "author_id": there["author_id"], "key": f"look:timeline:{number}:{' '.join(sorted(labels))}",
            **caused}  # fmt: skip


def task_of(state: dict[str, Any], policy: dict[str, Any], there: dict[str, Any]) -> str | None:
    """Branch and marker must name one task of the running sprint, and our account must have written it."""
    branch, mark = BRANCH.fullmatch(there["head"]["ref"]), MARK.search(there.get("body") or "")
    same_repository = there["head"].get("repo_id") in (None, (state.get("repo") or {}).get("repo_id"))
    if (
        not branch
        or not mark
        or not same_repository
        or there["author_id"] != (policy.get("me") or {}).get("id")
    ):
        return None
    sprint_id = next(
        (k["id"] for k in state["kickoffs"].values() if k["number"] == state.get("running")), None
    )
    named = branch.group(1, 2)
    if named != mark.group(1, 2) or named[0] != sprint_id or named[1] not in state["tasks"]:
        return None
    return named[1]


def remembered(there: dict[str, Any], task_id: str, missing: list[str]) -> dict[str, Any]:
    reviews = {str(review["id"]): [review["state"], review["stale"]] for review in there["reviews"]}
    return {"task_id": task_id, "state": there["state"], "merged": there["merged"],
            "head_sha": there["head"]["sha"], "status": there["status"], "reviews": reviews,
            "html_url": there.get("html_url"), **lack(missing)}  # fmt: skip


def told(event: dict[str, Any], type_: str, tail: str, **fields: Any) -> dict[str, Any]:
    common: dict[str, Any] = {
        name: event[name] for name in ("forge", "repo_id", "repo", "at", "task_id", "found") if name in event
    }
    number = event["number"]
    return {**common, "type": type_, "key": f"{type_}:{number}:{tail}", "pr_number": number, **fields}


def opened_or_moved(
    event: dict[str, Any], known: dict[str, Any], there: dict[str, Any], task: dict[str, Any]
) -> list[dict[str, Any]]:
    sha = there["head"]["sha"]
    fields = {"head_sha": sha, "branch": there["head"]["ref"]}
    if there["state"] != "open" or there["merged"]:
        return []
    if known.get("state") == "closed":
        return [told(event, "pr_reopened", str(event["key"]), **fields)]
    if task.get("pr_number") != event["number"]:
        return [told(event, "pr_opened", "first", **fields)]
    if task.get("head_sha") != sha:
        return [told(event, "pr_synchronized", f"{sha}:{event['key']}", **fields)]
    return []


def checks(
    event: dict[str, Any], known: dict[str, Any], there: dict[str, Any], missing: list[str]
) -> list[dict[str, Any]]:
    sha, status = there["head"]["sha"], there["status"]
    same = known.get("status") == status and known.get("missing", []) == missing
    if same and known.get("head_sha") == sha:
        return []
    if not known and status["state"] == "none" and not missing:
        return []
    said = ",".join(f"{name}={state}" for name, state in sorted((status.get("contexts") or {}).items()))
    tail = f"{sha}:{status['state']}:{said}:{event['key']}"
    return [told(event, "check_completed", tail, head_sha=sha, **stand(status, missing))]


def stand(status: dict[str, Any], missing: list[str]) -> dict[str, Any]:
    return {"state": status["state"], "contexts": status.get("contexts") or {}, **lack(missing)}


def lack(missing: list[str]) -> dict[str, Any]:
    return {"missing": missing} if missing else {}


def reviews(event: dict[str, Any], known: dict[str, Any], there: dict[str, Any]) -> list[dict[str, Any]]:
    before = known.get("reviews") or {}
    return [
        review_event(event, there, review) | outdone(there, review)
        for review in there["reviews"]
        if before.get(str(review["id"]), [None])[0] != review["state"]
    ]


def outdone(there: dict[str, Any], review: dict[str, Any]) -> dict[str, Any]:
    """Whether the same person gave another verdict since."""
    since = [other for other in there["reviews"] if other["id"] > review["id"]]
    verdicts = [other for other in since if other["state"] in ("approved", "changes_requested")]
    return {"outdone": True} if review["author_id"] in [other["author_id"] for other in verdicts] else {}


def review_event(event: dict[str, Any], there: dict[str, Any], review: dict[str, Any]) -> dict[str, Any]:
    return told(
        event,
        "pr_review_submitted",
        f"{review['id']}:{review['state']}",
        needs="write",
        review_id=review["id"],
        review_state=review["state"],
        actor=review["author"],
        actor_id=review["author_id"],
        pr_author_id=there["author_id"],
        commit_sha=review["commit_sha"],
        body=review["body"],
        comments=review.get("comments") or [],
        created_at=review["submitted_at"],
    )


def ended(event: dict[str, Any], known: dict[str, Any], there: dict[str, Any]) -> list[dict[str, Any]]:
    if there["merged"] and not known.get("merged"):
        return [told(event, "pr_merged", "once", merge_sha=there.get("merge_sha"))]
    if there["state"] == "closed" and not there["merged"] and known.get("state") != "closed":
        return [told(event, "pr_closed", str(event["key"]))]
    return []


# what the base requires


def is_protection(event: dict[str, Any]) -> bool:
    asked = event.get("request") or event.get("action") or {}
    looked = asked.get("type") == "look" and asked.get("what") == "protection"
    return bool(event["type"] in ("seen", "refused") and looked)


def require(state: dict[str, Any], event: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Keep what the base requires, and tell of each open pull request what it lacks now.

    Where we may not read it, what was read before still holds, and the board says that we cannot know.
    """
    repo = state.get("repo") or {}
    unread = {**(repo.get("required") or {"contexts": []}), "unread": event.get("message")}
    required = event["there"] if event["type"] == "seen" else unread
    state = {**state, "repo": {**repo, "required": required}}
    pulls, found = dict(state["pulls"]), list[dict[str, Any]]()
    for number, known in sorted(pulls.items(), key=lambda item: int(item[0])):
        if known.get("state") != "open" or known.get("merged"):
            continue
        status, missing = known["status"], lacking(state, known["status"])
        if missing != known.get("missing", []):
            pulls[number] = {name: said for name, said in known.items() if name != "missing"} | lack(missing)
            about = {**event, "number": int(number), "task_id": known["task_id"]}
            sha, tail = known["head_sha"], f"{known['head_sha']}:required:{event['key']}"
            found.append(told(about, "check_completed", tail, head_sha=sha, **stand(status, missing)))
    return {**state, "pulls": pulls}, found


def ask_again(state: dict[str, Any], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An approval that a missing check holds up: perhaps the check is no longer required."""
    held = any(event["type"] == "pr_review_submitted" and event["review_state"] == "approved" and
               (state["pulls"][str(event["pr_number"])].get("missing")) for event in found)  # fmt: skip
    branch = (state.get("repo") or {}).get("default_branch")
    look = {"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}
    return [look] if held and branch else []


def lacking(state: dict[str, Any], status: dict[str, Any]) -> list[str]:
    """The required checks of which the head has no status at all, neither good nor bad."""
    required = (state.get("repo") or {}).get("required") or {}
    there = status.get("contexts") or {}
    names = [str(name) for name in required.get("contexts") or []]
    if not required.get("patterns"):
        return [name for name in names if name not in there]
    return [name for name in names if not any(fits(name, said) for said in there)]


PIECE = re.compile(
    r"\\(?P<plain>.)|(?P<any>\*+)|(?P<one>\?)|\[(?P<set>!?[^\]]+)\]|\{(?P<either>[^{}]*)\}|(?P<rest>.)",
    re.DOTALL,
)


def fits(glob: str, name: str) -> bool:
    """Gitea's patterns: `*` is any text, also over slashes; `?`, `[a-z]`, `[!a]`, `{one,two}`, `\\*`."""
    return name == glob or len(name) in ends(glob, name, {0})


def ends(glob: str, name: str, starts: set[int]) -> set[int]:
    """Where the pattern may end that began at one of these places; its length bounds the time it takes."""
    for found in PIECE.finditer(glob):
        if not starts:
            return starts
        starts = after(found, name, starts)
    return starts


def after(found: re.Match[str], name: str, starts: set[int]) -> set[int]:
    match found.lastgroup:
        case "any":
            return set(range(min(starts), len(name) + 1))
        case "either":
            return set[int]().union(*(ends(part, name, starts) for part in found["either"].split(",")))
        case kind:
            return {start + 1 for start in starts if start < len(name) and is_sign(found, kind, name[start])}


def is_sign(found: re.Match[str], kind: str | None, sign: str) -> bool:
    match kind:
        case "one":
            return True
        case "set":
            inner = found["set"].removeprefix("!")
            return in_set(inner, sign) != found["set"].startswith("!")
        case _:
            return sign == found[str(kind)]


def in_set(inner: str, sign: str) -> bool:
    spans = re.findall(r"(.)-(.)|(.)", inner, re.DOTALL)
    return any(low <= sign <= high if low else sign == alone for low, high, alone in spans)


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
