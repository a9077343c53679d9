"""Unfold what catching up found: issues and comments as told, and a look at every pull request awaited."""

from typing import Any, TypedDict

NAME = "unfold_catch_up"


class Input(TypedDict):
    state: Any
    events: list[Any]
    policy: Any


class Output(TypedDict):
    state: Any
    actions: list[Any]
    events: list[Any]


ENDED = ("Done", "Cancelled", "Skipped")


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list[Any](), list[Any]()
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "catch_up":
            state = {**state, "marks": {**(state.get("marks") or {}), "since": event["there"]["date"]}}
            events += [
                seen_issue(event, issue) for issue in event["there"]["issues"] if not issue.get("is_pull")
            ]
            events += [said(event, comment, state) for comment in event["there"]["comments"]]
            actions += [look_at_pull(state, number) for number in awaited(state, event["there"]["pulls"])]
            actions += resume(event["request"])
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


def common(event: dict[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in ("forge", "repo_id", "repo", "at") if name in event}


def seen_issue(event: dict[str, Any], issue: dict[str, Any]) -> dict[str, Any]:
    number = issue["number"]
    request = {"type": "look", "what": "issue", "number": number, "caused": {"hint": "reconcile"}}
    key = f"{event['key']}:issue:{number}"
    return {**common(event), "type": "seen", "what": "issue", "number": number, "request": request,
            "key": key, "there": issue, "found": True}  # fmt: skip


def said(event: dict[str, Any], comment: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """A comment found by looking: an edit among them names no editor, so it cannot act."""
    edited = comment.get("updated_at") not in (None, comment.get("created_at"))
    editor = {} if edited else {"actor": comment["author"], "actor_id": comment["author_id"]}
    return {**common(event), "type": "issue_comment", **comment, **editor, "previous": None, "found": True,
            "hint": "edited" if edited else "created"}  # fmt: skip


def resume(request: dict[str, Any]) -> list[dict[str, Any]]:
    """A restored sprint goes on once all this was looked at; the answer to the last look says so."""
    sprint_id = request.get("restoring")
    look = {"type": "look", "what": "repository", "key": "look:repository:restored", "resuming": sprint_id}
    return [look] if sprint_id else []


def awaited(state: dict[str, Any], changed: list[int]) -> list[int]:
    """Pull requests that changed, and those of tasks still open: reviews and statuses move no time stamp."""
    tasks = (state.get("tasks") or {}).values()
    waiting = [t["pr_number"] for t in tasks if t.get("pr_number") and t["status"] not in ENDED]
    return sorted({*changed, *waiting})


def look_at_pull(state: dict[str, Any], number: int) -> dict[str, Any]:
    known = ((state.get("pulls") or {}).get(str(number)) or {}).get("reviews") or {}
    caused = {"hint": "reconcile"}
    return {"type": "look", "what": "pull", "number": number, "key": f"look:pull:{number}", "caused": caused,
            "known_reviews": sorted(int(name) for name in known)}  # fmt: skip


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except Exception as error:
        sys.exit(str(error))
