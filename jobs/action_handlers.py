"""One handler for each type of action: which call it makes to the forge, and what its result is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

from handlers.repository_labels import OFFERED_LABELS
from jobs.configuration import proposal_of, settings_of
from jobs.merging import disarm, merge_facts, updates
from shell.agent.repository import Repository
from shell.errors import Refused
from shell.forge import Forge
from shell.marker import lock_in, mark, marked, own_mark
from shell.run_log import log_in_words
from shell.store import Store, Taken

if TYPE_CHECKING:
    from stages.world import (
        AskReview,
        AssignIssue,
        CloseIssue,
        Comment,
        CreateIssue,
        DeleteComment,
        ForgeChanges,
        ForgeComment,
        ForgeIssue,
        ForgeLock,
        ForgeRepository,
        Json,
        LookCatchUp,
        LookComment,
        LookLocks,
        Looks,
        MakeLabels,
        MergeFacts,
        MergePr,
        NotAsked,
        PostLog,
        React,
        ReadBack,
        ReopenIssue,
        RepositoryPolicy,
        RepositoryValues,
        RequiredChecks,
        Result,
        Right,
        SetLabels,
        SetStatus,
        StopAgent,
        TellAgent,
        UpdateBranch,
        WakeUp,
    )

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
    weigh: Callable[[MergeFacts], ApprovalVerdict]
    """Decides by the facts whether an approval counts."""
    ours: Callable[[], frozenset[int]]
    """The ids of all our accounts."""
    home: Path
    """CALORON_HOME, below which the runs leave their logs."""
    holds: Callable[[RepositoryValues], RepositoryPolicy]
    """What would be in effect if the repository's own file set these values."""
    lets_in: Callable[[ForgeRepository], bool]
    """Whether the operator has let in this other repository, too."""
    restored: bool = False
    """Whether the lane's store was lost, and its intents with it: then any text may exist already."""


ActionHandler = Callable[..., "Result"]
"""Takes the target, the action of its own type, and for a text, whether one may exist already."""


class ApprovalVerdict(TypedDict):
    """What `weigh_approval` gives."""

    allowed: bool
    message: NotRequired[str | None]
    wait: NotRequired[str | None]


class Busy(Exception):
    """Another process is doing the same right now; try again in a moment."""


def perform_action(target: Target, taken: Taken) -> Result:
    """Carry out the action; LookupError if nothing can."""
    handler = ACTION_HANDLERS.get(taken.action["type"])
    if handler is None:
        raise LookupError(f"there is no handler for actions of type {taken.action['type']!r}")
    if handler in (create_issue, comment, post_log):
        # tried before, or intended in a store that was lost
        grows = bool(taken.action.get("grows"))
        return handler(target, taken.action, may_exist=taken.intended or target.restored or grows)
    return handler(target, taken.action)


def create_issue(target: Target, action: CreateIssue, *, may_exist: bool) -> Result:
    """Once, also after a crash: a repeat looks for the marker first."""
    line = _mark(action)
    if may_exist:
        label = next(iter(action.get("labels") or []), TASK_LABEL)
        for issue in target.forge.issues_with_label(target.repo, label, state="all"):
            if carries(target, issue, line):
                return _issue(issue)
    target.store.set_intent(target.lane, action["key"])
    body = marked(action.get("body") or "", line)
    return _issue(target.forge.create_issue(target.repo, action["title"], body, action.get("labels") or []))


def _issue(issue: ForgeIssue) -> Result:
    return {"number": issue["number"], "html_url": issue["html_url"]}


def comment(target: Target, action: Comment, *, may_exist: bool) -> Result:
    """Once, also after a crash: a repeat looks for the marker first, and mends a text that has grown."""
    line = _mark(action)
    body = marked(action["body"], line)
    if may_exist:
        for found in target.forge.issue_comments(target.repo, action["number"]):
            if carries(target, found, line):
                grown = action.get("grows") and (found["body"] or "").rstrip() != body.rstrip()
                known = target.forge.edit_comment(target.repo, found["comment_id"], body) if grown else found
                return _comment(known)
    target.store.set_intent(target.lane, action["key"])
    return _comment(target.forge.comment(target.repo, action["number"], body))


def _comment(comment: ForgeComment) -> Result:
    return {"comment_id": comment["comment_id"], "html_url": comment["html_url"]}


def _mark(action: CreateIssue | Comment) -> str:
    asked = action.get("mark")
    if not asked:
        return mark(action["type"], action["key"])
    return mark(
        asked["kind"], asked.get("key") or action["key"], asked.get("sprint") or "", asked.get("task") or ""
    )


def carries(target: Target, found: ForgeIssue | ForgeComment, line: str) -> bool:
    """Whether we wrote this, with this marker."""
    return found["author_id"] == target.me and own_mark(found["body"] or "") == own_mark(line)


def react(target: Target, action: React) -> Result:
    remove = action.get("remove")
    if action.get("comment_id"):
        target.forge.react_comment(target.repo, action["comment_id"], action["content"], remove)
    else:
        target.forge.react_issue(target.repo, action["number"], action["content"], remove)
    return {}


def close_issue(target: Target, action: CloseIssue) -> Result:
    target.forge.edit_issue(target.repo, action["number"], state="closed")
    return {}


def reopen_issue(target: Target, action: ReopenIssue) -> Result:
    target.forge.edit_issue(target.repo, action["number"], state="open")
    return {}


def assign_issue(target: Target, action: AssignIssue) -> Result:
    """Who cannot be assigned is left out; the task is theirs all the same."""
    wanted = action["assignees"]
    try:
        shown = target.forge.edit_issue(target.repo, action["number"], assignees=wanted)["assignees"]
    except Refused as refusal:
        return {"not_assigned": refusal.message}
    left_out = {name.casefold() for name in wanted} - {name.casefold() for name in shown}
    return {"not_assigned": "it assigns only people of the repository"} if left_out else {}


def update_branch(target: Target, action: UpdateBranch) -> Result:
    """Whether the branch has moved; also if an earlier attempt did it, whose answer was lost."""
    number = action["pr_number"]
    moved = target.forge.update_branch(target.repo, number, action["head_sha"])
    return {"moved": moved or target.forge.pull(target.repo, number)["head"]["sha"] != action["head_sha"]}


def ask_review(target: Target, action: AskReview) -> Result:
    """All at once; where the forge refuses that, each alone, so that one wrong name keeps no other away."""
    return {"not_asked": _not_asked(target, action["pr_number"], action["reviewers"])}


def _not_asked(target: Target, number: int, reviewers: list[str]) -> list[NotAsked]:
    try:
        target.forge.request_review(target.repo, number, reviewers)
    except Refused as refusal:
        if len(reviewers) == 1:
            return [{"reviewer": reviewers[0], "message": refusal.message}]
        return [one for name in reviewers for one in _not_asked(target, number, [name])]
    return []


def merge_pr(target: Target, action: MergePr) -> Result:
    """Merge exactly the head that was checked, in the given style, else in the repository's default.

    Right before, the forge is asked afresh whether an approval counts; nothing of an earlier answer is used.
    """
    facts = merge_facts(target, action)
    verdict = target.weigh(facts)
    if not verdict["allowed"]:
        return {"merged": False, "message": verdict.get("message"), "wait": verdict.get("wait")}
    if action.get("up_to_date") and facts.get("behind"):
        return {"merged": False, "behind": True}
    style = _style(target, action)
    delete = action.get("delete_branch", True)
    number, head = action["pr_number"], action["head_sha"]
    disarm(target, number, action.get("closes"))
    title, message = action.get("title"), action.get("message")
    merged = target.forge.merge(target.repo, number, head, style, delete, title, message)
    return {"merged": merged["merged"], "merge_sha": merged["merge_sha"]}


def _style(target: Target, action: MergePr) -> str:
    """As the action says; the one that the repository's file names must be allowed now."""
    style = action.get("style")
    if style and not action.get("style_named"):
        return style
    repository = target.forge.repository(target.repo)
    allowed = repository.get("merge_styles") or ["merge"]
    if style and style not in allowed:
        raise Refused(422, _not_allowed(style, allowed))
    own = repository.get("default_merge_style")
    return style or str(own if own in allowed else allowed[0])


def _not_allowed(style: str, allowed: list[str]) -> str:
    return (
        f"merge.style is {style}, but this repository allows only {', '.join(allowed)}. "
        "Allow it in the settings of the repository, or change merge.style in .caloron.yml"
    )


def make_labels(target: Target, action: MakeLabels) -> Result:
    """Under a lock: a forge may allow two labels with one name."""
    lock = target.store.lease(f"labels:{target.lane}", _LOCK_S)
    if lock is None:
        raise Busy
    try:
        target.forge.make_labels(target.repo, OFFERED_LABELS)
    finally:
        lock.release()
    return {}


def set_labels(target: Target, action: SetLabels) -> Result:
    add, remove = action.get("add") or [], action.get("remove") or []
    return {"labels": target.forge.set_labels(target.repo, action["number"], add, remove)}


def set_status(target: Target, action: SetStatus) -> Result:
    words, link = action["description"], action["link"]
    target.forge.set_status(target.repo, action["sha"], action["status"], action["context"], words, link)
    return {}


def delete_comment(target: Target, action: DeleteComment) -> Result:
    target.forge.delete_comment(target.repo, action["comment_id"])
    return {}


def stop_agent(target: Target, action: StopAgent) -> Result:
    sprint_id, attempt = action["sprint_id"] or "", action.get("attempt")
    drop = bool(action.get("drop"))
    target.store.stop_run(target.lane, sprint_id, action["task_id"], attempt, drop=drop)
    return {}


def tell_agent(target: Target, action: TellAgent) -> Result:
    """A run that has ended meanwhile needs no words: they stand in the prompt of the next one."""
    target.store.tell_run(target.lane, action)
    return {}


def post_log(target: Target, action: PostLog, *, may_exist: bool) -> Result:
    written: Comment = {
        "type": "comment",
        "key": action["key"],
        "number": action["number"],
        "body": log_in_words(target.home, action["sprint_id"] or "", action["task_id"], action["attempt"]),
        "mark": action["mark"],
    }
    return comment(target, written, may_exist=may_exist)


def wake_up(target: Target, action: WakeUp) -> Result:
    """That it is due is all; the event that follows tells it."""
    return {}


ACTION_HANDLERS: dict[str, ActionHandler] = {
    "create_issue": create_issue,
    "comment": comment,
    "react": react,
    "close_issue": close_issue,
    "reopen_issue": reopen_issue,
    "update_branch": update_branch,
    "assign_issue": assign_issue,
    "ask_review": ask_review,
    "merge_pr": merge_pr,
    "make_labels": make_labels,
    "set_labels": set_labels,
    "set_status": set_status,
    "delete_comment": delete_comment,
    "stop_agent": stop_agent,
    "tell_agent": tell_agent,
    "post_log": post_log,
    "wake_up": wake_up,
}
"""Type of action → its handler. The performer itself handles `look`, `show` and `spawn_agent`."""


# Looks: the current state of something on the forge


def _required(target: Target, branch: str) -> RequiredChecks:
    """What a branch requires, with the checks of its head."""
    required = target.forge.required_checks(target.repo, branch)
    head = target.forge.branch_head(target.repo, branch)
    return {**required, "base": target.forge.checks(target.repo, head)["contexts"]} if head else required


def look(target: Target, action: Looks) -> object:
    """Fetch what the action asks for, in the world's terms."""
    forge, repo = target.forge, target.repo
    match action["what"]:
        case "issue":
            return forge.issue(repo, action["number"])
        case "pull":
            return forge.pull(repo, action["number"], action.get("known_reviews") or [])
        case "timeline":
            return forge.timeline(repo, action["number"])
        case "permission":
            return forge.permission(repo, action["login"])
        case "comment":
            return _read_back(target, action)
        case "repository":
            return forge.repository(repo)
        case "protection":
            return _required(target, action["branch"])
        case "updates":
            return updates(target, action)
        case "failures":
            return forge.failed_checks(repo, action["head_sha"])
        case "catch_up":
            return _catch_up(target, action)
        case "config":
            return settings_of(target, action)
        case "proposal":
            return proposal_of(target, action)
        case "locks":
            return _locks(target, action)


def _locks(target: Target, look: LookLocks) -> list[ForgeLock]:
    """The locks that boards of other installations claim, and what their authors may do here."""
    found = [(one, lock_in(one["body"])) for one in target.forge.comments_since(target.repo, look["since"])]
    theirs = [(one, lock) for one, lock in found if lock["locked_at"] and _is_anothers(lock, look)]
    rights = {name: _right(target, name) for name in {one["author"] for one, _ in theirs}}
    return [
        {
            "installation": lock["installation"],
            "issue_number": one["issue_number"],
            "author": one["author"],
            "right": "write" if one["author_id"] == target.me else rights[one["author"]],
            "locked_at": lock["locked_at"],
            "updated_at": one["updated_at"],
            "held": bool(lock["held"]),
            "took": lock["took"],
        }
        for one, lock in theirs
    ]


def _is_anothers(lock: dict[str, str], look: LookLocks) -> bool:
    return lock["installation"] not in ("", look["installation"])


def _right(target: Target, login: str) -> Right:
    """What an account may do; none where the forge does not tell."""
    try:
        return target.forge.permission(target.repo, login)["permission"]
    except Refused:
        return "none"


def _catch_up(target: Target, look: LookCatchUp) -> ForgeChanges:
    changes = target.forge.changes_since(target.repo, look["since"])
    return {**changes, "comments": [keyed(comment) for comment in changes["comments"]]}


def _read_back(target: Target, look: LookComment) -> ReadBack:
    """The comment, and in the same moment what its author may do here."""
    login = look.get("login")
    with ThreadPoolExecutor(2) as pool:
        asked = pool.submit(_permission_beside, target, login) if login else None
        comment = target.forge.issue_comment(target.repo, look["comment_id"])
        found: Json = {"comment_shown": True, "comment": comment} if comment else {"comment_shown": False}
        return cast("ReadBack", found | (asked.result() if asked else {}))


def _permission_beside(target: Target, login: str) -> Json:
    """What stands beside the comment: `permission`, or `refusal`."""
    try:
        return {"permission": target.forge.permission(target.repo, login)}
    except Refused as refusal:
        return {"refusal": {"refused_with": refusal.status, "message": refusal.message}}


def keyed(comment: ForgeComment) -> ForgeComment:
    """The comment with the key that its delivery has, so that it is handled once, whichever comes first."""
    text = _hash_of(comment.get("body") or "")
    return {**comment, "key": f"comment:{comment['comment_id']}:{text}"}


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
