"""Compare a look at a pull request with what is remembered; it is a task's only by branch and our marker."""

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


BRANCH = re.compile(r"agent/([a-z0-9_-]{1,64})/([a-z0-9_-]{1,64})")
MARK = re.compile(r"<!-- caloron:pull [^>]*?sprint=([^\s>]+) task=([^\s>]+) -->")


def execute(input: Input) -> Output:
    state, events = input["state"], list[Any]()
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "pull":
            state, found = compare(state, input["policy"], event)
            events += found
        else:
            events.append(event)
    return {"state": state, "actions": [], "events": events}


def compare(
    state: dict[str, Any], policy: dict[str, Any], event: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    number, there = str(event["number"]), event["there"]
    task_id = task_of(state, policy, there)
    if task_id is None:
        return state, []
    known = (state.get("pulls") or {}).get(number) or {}
    event = {**event, "task_id": task_id}
    if ((event.get("request") or {}).get("caused") or {}).get("hint") == "reconcile":
        event["found"] = True
    found = [
        *opened_or_moved(event, known, there, state["tasks"][task_id]),
        *checks(event, known, there),
        *reviews(event, known, there),
        *ended(event, known, there),
    ]
    pulls = {**state["pulls"], number: remembered(there, task_id)}
    return {**state, "pulls": pulls}, found


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


def remembered(there: dict[str, Any], task_id: str) -> dict[str, Any]:
    reviews = {str(review["id"]): [review["state"], review["stale"]] for review in there["reviews"]}
    return {"task_id": task_id, "state": there["state"], "merged": there["merged"],
            "head_sha": there["head"]["sha"], "status": there["status"], "reviews": reviews,
            "html_url": there.get("html_url")}  # fmt: skip


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


def checks(event: dict[str, Any], known: dict[str, Any], there: dict[str, Any]) -> list[dict[str, Any]]:
    sha, status = there["head"]["sha"], there["status"]
    if known.get("status") == status and known.get("head_sha") == sha:
        return []
    if not known and status["state"] == "none":
        return []
    said = ",".join(f"{name}={state}" for name, state in sorted((status.get("contexts") or {}).items()))
    fields = {"state": status["state"], "contexts": status.get("contexts") or {}}
    return [
        told(
            event, "check_completed", f"{sha}:{status['state']}:{said}:{event['key']}", head_sha=sha, **fields
        )
    ]


def reviews(event: dict[str, Any], known: dict[str, Any], there: dict[str, Any]) -> list[dict[str, Any]]:
    before = known.get("reviews") or {}
    return [
        review_event(event, there, review)
        for review in there["reviews"]
        if before.get(str(review["id"]), [None])[0] != review["state"]
    ]


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


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
