"""Turn what reconciling fetched into events, and fetch every pull request that is awaited."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import (
        Action, Caused, Event, ForgeComment, ForgeIssue, IssueComment, LookCatchUp, LookIssue, Marks,
        OwnCommentEdited, Policy, SeenCatchUp, SeenIssue, Shown, State,
    )  # fmt: skip

NAME = "unfold_catch_up"


class Input(TypedDict):
    state: State
    events: list[Event]
    policy: Policy


class Output(TypedDict):
    state: State
    actions: list[Action]
    events: list[Event]


AGAIN_S = 60
ORIGIN = ("forge", "repo_id", "repo", "at")
ENDED = ("Done", "Cancelled", "Skipped")
MARK = re.compile(r"\s*<!-- caloron:board [^>]*?text=([0-9a-f]{16}) -->\s*\Z")


def execute(input: Input) -> Output:
    state = input["state"]
    actions: list[Action] = []
    events: list[Event] = []
    for event in input["events"]:
        if event["type"] == "seen" and event["what"] == "catch_up":
            marks: Marks = {"since": event["there"]["date"]}
            state = {**state, "marks": {**state["marks"], **marks} if state.get("marks") else marks}
            events += [
                seen_issue(event, issue) for issue in event["there"]["issues"] if not issue.get("is_pull")
            ]
            for comment in event["there"]["comments"]:
                board = board_of(state, comment)
                events += edits(event, comment, board) if board else [comment_found(event, comment)]
            actions += [look_at_pull(state, number) for number in awaited(state, event["there"]["pulls"])]
            actions.append({"type": "look", "what": "repository", "key": "look:repository"})
            actions += resume(event["request"])
        elif event["type"] == "refused" and is_restoring(event["action"]):
            again = event["action"].copy()
            again["due_in_s"] = AGAIN_S  # without it the sprint would not go on
            actions.append(again)
        else:
            events.append(event)
    return {"state": state, "actions": actions, "events": events}


def is_restoring(action: Action) -> bool:
    return bool(action["type"] == "look" and action.get("restoring"))


Emitted = TypeVar("Emitted", bound=Mapping[str, object])


def with_origin(event: SeenCatchUp, emitted: Emitted) -> Emitted:
    """The emitted event, with where and when it happened."""
    fields: Mapping[str, object] = event
    return cast("Emitted", {**{name: fields[name] for name in ORIGIN if name in fields}, **emitted})


def seen_issue(event: SeenCatchUp, issue: ForgeIssue) -> SeenIssue:
    number = issue["number"]
    key = f"{event['key']}:issue:{number}"
    caused: Caused = {"hint": "reconcile"}
    request: LookIssue = {"type": "look", "what": "issue", "key": f"look:issue:{number}",
                          "number": number, "caused": caused}  # fmt: skip
    seen: SeenIssue = {"type": "seen", "what": "issue", "number": number, "request": request,
                       "key": key, "there": issue, "found": True}  # fmt: skip
    return with_origin(event, seen)


def board_of(state: State, comment: ForgeComment) -> Shown | None:
    """What is known of the board, where this comment is one."""
    shown = state.get("shown", {}).get(f"issue:{comment['issue_number']}:board")
    return shown if shown and shown["comment_id"] == comment["comment_id"] else None


def edits(event: SeenCatchUp, comment: ForgeComment, board: Shown) -> list[Event]:
    """Whoever put another text there than the last that we showed; after a crash it was ourselves."""
    body = str(comment.get("body") or "").replace("\r\n", "\n")
    mark = MARK.search(body)
    text = hash_of(body[: mark.start()] if mark else body)
    own = bool(mark and mark[1] == text)
    drawn_anew_anyway = str(board.get("hash") or "edited:").startswith("edited:")
    if not board.get("text") or drawn_anew_anyway or (own and text == board["text"]):
        return []
    key = f"board_edited:{comment['comment_id']}:{text}:{comment.get('updated_at')}"
    edited: OwnCommentEdited = {
        "type": "own_comment_edited",
        "issue_number": comment["issue_number"],
        "comment_id": comment["comment_id"],
        "own": own,
        "key": key,
        "found": True,
    }
    return [with_origin(event, edited)]


def hash_of(text: str) -> str:
    return hashlib.sha256(text.rstrip().encode()).hexdigest()[:16]


def comment_found(event: SeenCatchUp, comment: ForgeComment) -> IssueComment:
    """A comment found by looking: an edit among them names no editor, so it cannot act."""
    edited = comment.get("updated_at") not in (None, comment.get("created_at"))
    editor = {} if edited else {"actor": comment["author"], "actor_id": comment["author_id"]}
    hint = {"previous": None, "found": True, "hint": "edited" if edited else "created"}
    emitted = cast("IssueComment", {"type": "issue_comment", **comment, **editor, **hint})
    return with_origin(event, emitted)


def resume(request: LookCatchUp) -> list[Action]:
    """A restored sprint goes on once all this was looked at; the answer to the last look says so."""
    sprint_id = request.get("restoring")
    if not sprint_id:
        return []
    key = "look:repository:restored"
    return [{"type": "look", "what": "repository", "key": key, "resuming": sprint_id}]


def awaited(state: State, changed: list[int]) -> list[int]:
    """Pull requests that changed, and those of tasks still open: reviews and statuses move no time stamp."""
    tasks = state.get("tasks", {}).values()
    open_ones = (task.get("pr_number") for task in tasks if task["status"] not in ENDED)
    return sorted({*changed, *(number for number in open_ones if number)})


def look_at_pull(state: State, number: int) -> Action:
    pulls = state.get("pulls", {})
    known = pulls[str(number)].get("reviews", {}) if str(number) in pulls else {}
    return {"type": "look", "what": "pull", "number": number, "key": f"look:pull:{number}",
            "caused": {"hint": "reconcile"},
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
