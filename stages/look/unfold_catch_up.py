"""Turn what reconciling fetched into events, and fetch every pull request that is awaited."""

import hashlib
import re
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


AGAIN_S = 60
ENDED = ("Done", "Cancelled", "Skipped")
MARK = re.compile(r"\s*<!-- caloron:board [^>]*?text=([0-9a-f]{16}) -->\s*\Z")


def execute(input: Input) -> Output:
    state, actions, events = input["state"], list[Any](), list[Any]()
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "catch_up":
            state = {**state, "marks": {**(state.get("marks") or {}), "since": event["there"]["date"]}}
            events += [
                seen_issue(event, issue) for issue in event["there"]["issues"] if not issue.get("is_pull")
            ]
            for comment in event["there"]["comments"]:
                board = board_of(state, comment)
                events += edits(event, comment, board) if board else [said(event, comment)]
            actions += [look_at_pull(state, number) for number in awaited(state, event["there"]["pulls"])]
            actions += ask_required(state)
            actions += look_at_config(state)
            actions += resume(event["request"])
        elif event["type"] == "refused" and event["action"].get("restoring"):
            actions.append({**event["action"], "due_in_s": AGAIN_S})  # without it the sprint would not go on
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


def board_of(state: dict[str, Any], comment: dict[str, Any]) -> dict[str, Any] | None:
    """What is known of the board, where this comment is one."""
    shown = (state.get("shown") or {}).get(f"issue:{comment['issue_number']}:board") or {}
    return shown if shown.get("comment_id") == comment["comment_id"] else None


def edits(event: dict[str, Any], comment: dict[str, Any], board: dict[str, Any]) -> list[dict[str, Any]]:
    """Whoever put another text there than the last that we showed; after a crash it was ourselves."""
    body = str(comment.get("body") or "").replace("\r\n", "\n")
    mark = MARK.search(body)
    text = hash_of(body[: mark.start()] if mark else body)
    own = bool(mark and mark[1] == text)
    drawn_anew_anyway = str(board.get("hash") or "edited:").startswith("edited:")
    if not board.get("text") or drawn_anew_anyway or (own and text == board["text"]):
        return []
    key = f"board_edited:{comment['comment_id']}:{text}:{comment.get('updated_at')}"
    where = {"issue_number": comment["issue_number"], "comment_id": comment["comment_id"]}
    return [{**common(event), "type": "own_comment_edited", **where, "own": own, "key": key, "found": True}]


def hash_of(text: str) -> str:
    return hashlib.sha256(text.rstrip().encode()).hexdigest()[:16]


def said(event: dict[str, Any], comment: dict[str, Any]) -> dict[str, Any]:
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


def ask_required(state: dict[str, Any]) -> list[dict[str, Any]]:
    """No delivery tells what the base requires now, and a pull request in review may wait for it."""
    tasks = (state.get("tasks") or {}).values()
    branch = (state.get("repo") or {}).get("default_branch")
    look = {"type": "look", "what": "protection", "branch": branch, "key": "look:protection"}
    return [look] if branch and any(t["status"] == "InReview" for t in tasks) else []


def look_at_config(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The repository's own settings, where its branch has another commit than the one they were read at."""
    branch, known = (state.get("repo") or {}).get("default_branch"), (state.get("config") or {}).get("commit")
    look = {"type": "look", "what": "config", "branch": branch, "known": known, "key": "look:config"}
    return [look] if branch else []


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
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
