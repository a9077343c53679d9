"""One small deed for each type of action: what is asked of the forge, and what its answer is called."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shell.action import Action
from shell.forge import Forge
from shell.marker import mark, marked, own_mark
from shell.store import Store, Taken

TASK_LABEL = "caloron:task"
_LOCK_S = 60.0


@dataclass(frozen=True)
class Hands:
    """With what a deed is done."""

    store: Store
    forge: Forge
    lane: str
    repo: str
    me: int
    """The id of our account: a marker that anyone else wrote is no marker."""
    restored: bool = False
    """Whether the lane's store was lost, with what was intended: then any text may be there already."""


Result = dict[str, Any]
Deed = Callable[[Hands, Taken], Result]


class Busy(Exception):
    """Another process does the same just now; to be tried again in a moment."""


def create_issue(hands: Hands, taken: Taken) -> Result:
    """Once, also after a crash: a repeat looks for the marker first."""
    action, line = taken.action, _mark(taken.action)
    if _may_be_there(hands, taken):
        for issue in hands.forge.issues_with_label(hands.repo, TASK_LABEL, state="all"):
            if carries(hands, issue, line):
                return _issue(issue)
    hands.store.set_intent(hands.lane, taken.key)
    body = marked(action.get("body") or "", line)
    return _issue(hands.forge.create_issue(hands.repo, action["title"], body, action.get("labels") or []))


def _issue(issue: dict[str, Any]) -> Result:
    return {"number": issue["number"], "html_url": issue["html_url"]}


def comment(hands: Hands, taken: Taken) -> Result:
    """Once, also after a crash: a repeat looks for the marker first."""
    action, line = taken.action, _mark(taken.action)
    if _may_be_there(hands, taken):
        for there in hands.forge.issue_comments(hands.repo, action["number"]):
            if carries(hands, there, line):
                return _comment(there)
    hands.store.set_intent(hands.lane, taken.key)
    return _comment(hands.forge.comment(hands.repo, action["number"], marked(action["body"], line)))


def _may_be_there(hands: Hands, taken: Taken) -> bool:
    """Whether it may have been written already: tried before, or intended in a store that was lost."""
    return taken.intended or hands.restored


def _comment(there: dict[str, Any]) -> Result:
    return {"comment_id": there["comment_id"], "html_url": there["html_url"]}


def _mark(action: Action) -> str:
    given = action.get("mark") or {}
    kind = given.get("kind") or action["type"]
    return mark(kind, given.get("key") or action["key"], given.get("sprint") or "", given.get("task") or "")


def carries(hands: Hands, there: dict[str, Any], line: str) -> bool:
    """Whether we wrote this, with this marker."""
    return there["author_id"] == hands.me and own_mark(there["body"]) == own_mark(line)


def react(hands: Hands, taken: Taken) -> Result:
    action = taken.action
    remove = action.get("remove")
    if action.get("comment_id"):
        hands.forge.react_comment(hands.repo, action["comment_id"], action["content"], remove)
    else:
        hands.forge.react_issue(hands.repo, action["number"], action["content"], remove)
    return {}


def close_issue(hands: Hands, taken: Taken) -> Result:
    hands.forge.edit_issue(hands.repo, taken.action["number"], state="closed")
    return {}


def reopen_issue(hands: Hands, taken: Taken) -> Result:
    hands.forge.edit_issue(hands.repo, taken.action["number"], state="open")
    return {}


def edit_issue(hands: Hands, taken: Taken) -> Result:
    action = taken.action
    hands.forge.edit_issue(hands.repo, action["number"], title=action.get("title"), body=action.get("body"))
    return {}


def request_review(hands: Hands, taken: Taken) -> Result:
    hands.forge.request_review(hands.repo, taken.action["number"], taken.action["reviewers"])
    return {}


def update_branch(hands: Hands, taken: Taken) -> Result:
    """Whether the branch is another one now; also when that was an earlier try, whose answer was lost."""
    action, number = taken.action, taken.action["pr_number"]
    moved = hands.forge.update_branch(hands.repo, number, action.get("head_sha"))
    return {"moved": moved or hands.forge.pull(hands.repo, number)["head"]["sha"] != action["head_sha"]}


def merge_pr(hands: Hands, taken: Taken) -> Result:
    """Exactly the head that was judged, in the style that is given, else the repository's own."""
    action = taken.action
    style = action.get("style") or _own_style(hands)
    delete = action.get("delete_branch", True)
    number, head = action["pr_number"], action["head_sha"]
    return dict(hands.forge.merge(hands.repo, number, head, style, delete, action.get("title")))


def _own_style(hands: Hands) -> str:
    there = hands.forge.repository(hands.repo)
    allowed = there.get("merge_styles") or ["merge"]
    own = there.get("default_merge_style")
    return str(own if own in allowed else allowed[0])


def make_labels(hands: Hands, taken: Taken) -> Result:
    """Under a lock: a forge may allow two labels of one name."""
    lock = hands.store.lease(f"labels:{hands.lane}", _LOCK_S)
    if lock is None:
        raise Busy
    try:
        hands.forge.make_labels(hands.repo, taken.action["labels"])
    finally:
        lock.release()
    return {}


def set_labels(hands: Hands, taken: Taken) -> Result:
    action = taken.action
    add, remove = action.get("add") or [], action.get("remove") or []
    return {"labels": hands.forge.set_labels(hands.repo, action["number"], add, remove)}


def edit_comment(hands: Hands, taken: Taken) -> Result:
    hands.forge.edit_comment(hands.repo, taken.action["comment_id"], taken.action["body"])
    return {}


def delete_comment(hands: Hands, taken: Taken) -> Result:
    hands.forge.delete_comment(hands.repo, taken.action["comment_id"])
    return {}


def set_status(hands: Hands, taken: Taken) -> Result:
    action = taken.action
    hands.forge.set_status(
        hands.repo, action["sha"], action["state"], action["context"], action.get("description") or ""
    )
    return {}


def stop_agent(hands: Hands, taken: Taken) -> Result:
    action = taken.action
    stopped = hands.store.stop_run(hands.lane, action["sprint_id"], action["task_id"], action.get("attempt"))
    return {"stopped": stopped}


DEEDS: dict[str, Deed] = {
    "create_issue": create_issue,
    "comment": comment,
    "react": react,
    "close_issue": close_issue,
    "reopen_issue": reopen_issue,
    "edit_issue": edit_issue,
    "request_review": request_review,
    "update_branch": update_branch,
    "merge_pr": merge_pr,
    "make_labels": make_labels,
    "set_labels": set_labels,
    "edit_comment": edit_comment,
    "delete_comment": delete_comment,
    "set_status": set_status,
    "stop_agent": stop_agent,
}
"""Type of the action → its deed. `look` and `spawn_agent` are answered otherwise."""


# Looks: what is there now


def _pull(hands: Hands, look: Action) -> Any:
    return hands.forge.pull(hands.repo, look["number"], look.get("known_reviews") or [])


def _comments(hands: Hands, look: Action) -> Any:
    return [keyed(comment) for comment in hands.forge.comments_since(hands.repo, look.get("since"))]


def _catch_up(hands: Hands, look: Action) -> Any:
    there = hands.forge.changes_since(hands.repo, look.get("since"))
    return there | {"comments": [keyed(comment) for comment in there["comments"]]}


def keyed(comment: dict[str, Any]) -> dict[str, Any]:
    """The comment with the key that its delivery had, so that it is known whichever came first."""
    text = hashlib.sha256((comment.get("body") or "").encode()).hexdigest()[:16]
    return comment | {"key": f"comment:{comment['comment_id']}:{text}"}


LOOKS: dict[str, Callable[[Hands, Action], Any]] = {
    "issue": lambda hands, look: hands.forge.issue(hands.repo, look["number"]),
    "pull": _pull,
    "timeline": lambda hands, look: hands.forge.timeline(hands.repo, look["number"]),
    "comments": _comments,
    "issue_comments": lambda hands, look: hands.forge.issue_comments(hands.repo, look["number"]),
    "permission": lambda hands, look: hands.forge.permission(hands.repo, look["login"]),
    "repository": lambda hands, look: hands.forge.repository(hands.repo),
    "protection": lambda hands, look: hands.forge.required_checks(hands.repo, look["branch"]),
    "catch_up": _catch_up,
    "file": lambda hands, look: hands.forge.file(hands.repo, look["path"], look.get("ref")),
    "tree": lambda hands, look: hands.forge.tree(hands.repo, look["ref"]),
}
"""What is looked at → how."""


def look(hands: Hands, action: Action) -> Any:
    """What is there now, in the words of the forge's protocol."""
    return LOOKS[action["what"]](hands, action)
