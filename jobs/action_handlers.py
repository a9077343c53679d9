"""One handler for each type of action: which call it makes to the forge, and what its result is."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from handlers.repository_labels import OFFERED_LABELS
from jobs.merging import disarm, merge_facts, updates
from shell.action import Action
from shell.agent.repository import Repository
from shell.config_file import read_config, unreadable
from shell.errors import Refused
from shell.forge import Forge
from shell.marker import mark, marked, own_mark
from shell.repository_config import FILE
from shell.store import Store, Taken

TASK_LABEL = "caloron:task"
_LOCK_S = 60.0


@dataclass(frozen=True)
class Target:
    """The repository that an action is for, and the clients to reach it."""

    store: Store
    forge: Forge
    lane: str
    repo: str
    me: int
    """The id of our account: a marker counts only in what we wrote."""
    git: Callable[[], Repository]
    """The shell's own copy of the repository."""
    weigh: Callable[[Any], Any]
    """Decides by the facts whether an approval counts: `{allowed, message, wait}`."""
    ours: Callable[[], frozenset[int]]
    """The ids of all our accounts."""
    restored: bool = False
    """Whether the lane's store was lost, and its intents with it: then any text may exist already."""


Result = dict[str, Any]
ActionHandler = Callable[[Target, Taken], Result]


class Busy(Exception):
    """Another process is doing the same right now; try again in a moment."""


def create_issue(target: Target, taken: Taken) -> Result:
    """Once, also after a crash: a repeat looks for the marker first."""
    action, line = taken.action, _mark(taken.action)
    if _may_exist(target, taken):
        for issue in target.forge.issues_with_label(target.repo, TASK_LABEL, state="all"):
            if carries(target, issue, line):
                return _issue(issue)
    target.store.set_intent(target.lane, taken.key)
    body = marked(action.get("body") or "", line)
    return _issue(target.forge.create_issue(target.repo, action["title"], body, action.get("labels") or []))


def _issue(issue: dict[str, Any]) -> Result:
    return {"number": issue["number"], "html_url": issue["html_url"]}


def comment(target: Target, taken: Taken) -> Result:
    """Once, also after a crash: a repeat looks for the marker first."""
    action, line = taken.action, _mark(taken.action)
    if _may_exist(target, taken):
        for found in target.forge.issue_comments(target.repo, action["number"]):
            if carries(target, found, line):
                return _comment(found)
    target.store.set_intent(target.lane, taken.key)
    return _comment(target.forge.comment(target.repo, action["number"], marked(action["body"], line)))


def _may_exist(target: Target, taken: Taken) -> bool:
    """Whether it may exist already: tried before, or intended in a store that was lost."""
    return taken.intended or target.restored


def _comment(comment: dict[str, Any]) -> Result:
    return {"comment_id": comment["comment_id"], "html_url": comment["html_url"]}


def _mark(action: Action) -> str:
    asked = action.get("mark") or {}
    kind = asked.get("kind") or action["type"]
    return mark(kind, asked.get("key") or action["key"], asked.get("sprint") or "", asked.get("task") or "")


def carries(target: Target, found: dict[str, Any], line: str) -> bool:
    """Whether we wrote this, with this marker."""
    return found["author_id"] == target.me and own_mark(found["body"]) == own_mark(line)


def react(target: Target, taken: Taken) -> Result:
    action = taken.action
    remove = action.get("remove")
    if action.get("comment_id"):
        target.forge.react_comment(target.repo, action["comment_id"], action["content"], remove)
    else:
        target.forge.react_issue(target.repo, action["number"], action["content"], remove)
    return {}


def close_issue(target: Target, taken: Taken) -> Result:
    target.forge.edit_issue(target.repo, taken.action["number"], state="closed")
    return {}


def reopen_issue(target: Target, taken: Taken) -> Result:
    target.forge.edit_issue(target.repo, taken.action["number"], state="open")
    return {}


def update_branch(target: Target, taken: Taken) -> Result:
    """Whether the branch has moved; also if an earlier attempt did it, whose answer was lost."""
    action, number = taken.action, taken.action["pr_number"]
    moved = target.forge.update_branch(target.repo, number, action.get("head_sha"))
    return {"moved": moved or target.forge.pull(target.repo, number)["head"]["sha"] != action["head_sha"]}


def merge_pr(target: Target, taken: Taken) -> Result:
    """Merge exactly the head that was checked, in the given style, else in the repository's default.

    Right before, the forge is asked afresh whether an approval counts; nothing of an earlier answer is used.
    """
    action = taken.action
    verdict = target.weigh(merge_facts(target, action))
    if not verdict["allowed"]:
        return {"merged": False, "message": verdict.get("message"), "wait": verdict.get("wait")}
    style = action.get("style") or _own_style(target)
    delete = action.get("delete_branch", True)
    number, head = action["pr_number"], action["head_sha"]
    disarm(target, number, action.get("closes"))
    title, message = action.get("title"), action.get("message")
    return dict(target.forge.merge(target.repo, number, head, style, delete, title, message))


def _own_style(target: Target) -> str:
    repository = target.forge.repository(target.repo)
    allowed = repository.get("merge_styles") or ["merge"]
    own = repository.get("default_merge_style")
    return str(own if own in allowed else allowed[0])


def make_labels(target: Target, taken: Taken) -> Result:
    """Under a lock: a forge may allow two labels with one name."""
    lock = target.store.lease(f"labels:{target.lane}", _LOCK_S)
    if lock is None:
        raise Busy
    try:
        target.forge.make_labels(target.repo, OFFERED_LABELS)
    finally:
        lock.release()
    return {}


def set_labels(target: Target, taken: Taken) -> Result:
    action = taken.action
    add, remove = action.get("add") or [], action.get("remove") or []
    return {"labels": target.forge.set_labels(target.repo, action["number"], add, remove)}


def delete_comment(target: Target, taken: Taken) -> Result:
    target.forge.delete_comment(target.repo, taken.action["comment_id"])
    return {}


def stop_agent(target: Target, taken: Taken) -> Result:
    action = taken.action
    stopped = target.store.stop_run(
        target.lane, action["sprint_id"], action["task_id"], action.get("attempt")
    )
    return {"stopped": stopped}


ACTION_HANDLERS: dict[str, ActionHandler] = {
    "create_issue": create_issue,
    "comment": comment,
    "react": react,
    "close_issue": close_issue,
    "reopen_issue": reopen_issue,
    "update_branch": update_branch,
    "merge_pr": merge_pr,
    "make_labels": make_labels,
    "set_labels": set_labels,
    "delete_comment": delete_comment,
    "stop_agent": stop_agent,
}
"""Type of action → its handler. The performer itself handles `look`, `show` and `spawn_agent`."""


# Looks: the current state of something on the forge


def _pull(target: Target, look: Action) -> Any:
    return target.forge.pull(target.repo, look["number"], look.get("known_reviews") or [])


def _comments(target: Target, look: Action) -> Any:
    return [keyed(comment) for comment in target.forge.comments_since(target.repo, look.get("since"))]


def _catch_up(target: Target, look: Action) -> Any:
    changes = target.forge.changes_since(target.repo, look.get("since"))
    return changes | {"comments": [keyed(comment) for comment in changes["comments"]]}


def _read_back(target: Target, look: Action) -> Any:
    """The comment, and in the same moment what its author may do here."""
    login = look.get("login")
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(_permission_beside, target, login) if login else None
        comment = target.forge.issue_comment(target.repo, look["comment_id"])
        found = {"comment_shown": True, "comment": comment} if comment else {"comment_shown": False}
        return found | (asked.result() if asked else {})


def _permission_beside(target: Target, login: str) -> Any:
    try:
        return {"permission": target.forge.permission(target.repo, login)}
    except Refused as refusal:
        return {"refusal": {"refused_with": refusal.status, "message": refusal.message}}


def _config(target: Target, look: Action) -> Any:
    """What `.caloron.yml` says at the branch's head; the file is not read again at a commit that is known."""
    commit = target.forge.branch_head(target.repo, look["branch"])
    if commit is None or commit == look["known"]:
        return {"commit": commit}
    try:
        text = target.forge.file(target.repo, FILE, commit) or ""
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return {"commit": commit, "text": "", **unreadable(refusal.message)}
    return {"commit": commit, "text": _hash_of(text), **read_config(text)}


def keyed(comment: dict[str, Any]) -> dict[str, Any]:
    """The comment with the key that its delivery has, so that it is handled once, whichever comes first."""
    text = _hash_of(comment.get("body") or "")
    return comment | {"key": f"comment:{comment['comment_id']}:{text}"}


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


LOOKS: dict[str, Callable[[Target, Action], Any]] = {
    "issue": lambda target, look: target.forge.issue(target.repo, look["number"]),
    "pull": _pull,
    "timeline": lambda target, look: target.forge.timeline(target.repo, look["number"]),
    "comments": _comments,
    "issue_comments": lambda target, look: target.forge.issue_comments(target.repo, look["number"]),
    "permission": lambda target, look: target.forge.permission(target.repo, look["login"]),
    "comment": _read_back,
    "repository": lambda target, look: target.forge.repository(target.repo),
    "protection": lambda target, look: target.forge.required_checks(target.repo, look["branch"]),
    "updates": updates,
    "catch_up": _catch_up,
    "config": _config,
    "file": lambda target, look: target.forge.file(target.repo, look["path"], look.get("ref")),
    "tree": lambda target, look: target.forge.tree(target.repo, look["ref"]),
}
"""What is looked at → how it is fetched."""


def look(target: Target, action: Action) -> Any:
    """Fetch what the action asks for, in the forge protocol's terms."""
    return LOOKS[action["what"]](target, action)
