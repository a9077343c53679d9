"""Gitea's answers (and Forgejo's) read into our shapes."""

import json

from shell.forge.common_read import Raw, read_author, read_comment_text, read_pull_parts, utc
from shell.forge.protocol import Comment, Push, Repository, Shape

_STYLES = {
    "merge": "allow_merge_commits",
    "rebase": "allow_rebase",
    "rebase-merge": "allow_rebase_explicit",
    "squash": "allow_squash_merge",
    "fast-forward-only": "allow_fast_forward_only_merge",
}
_REVIEWS = {"APPROVED": "approved", "REQUEST_CHANGES": "changes_requested", "COMMENT": "commented"}
_CHECKS = {
    "success": "success",
    "warning": "success",
    "skipped": "success",
    "pending": "pending",
    "failure": "failure",
    "error": "failure",
}
_TIMELINE = {"close": "close", "reopen": "reopen"}


def read_repository(raw: Raw) -> Repository:
    """A repository, with the ways of merging that it allows."""
    styles = [style for style, allowed in _STYLES.items() if raw.get(allowed)]
    default = raw.get("default_merge_style")
    return {
        "id": raw["id"],
        "full_name": raw["full_name"],
        "owner_id": raw["owner"]["id"],
        "default_branch": raw["default_branch"],
        "empty": raw["empty"],
        "private": raw["private"],
        "permissions": {right: bool(raw["permissions"][right]) for right in ("admin", "push", "pull")},
        "merge_styles": styles,
        "default_merge_style": default if default in styles else next(iter(styles), "merge"),
        "html_url": raw["html_url"],
    }


def read_comment(raw: Raw) -> Comment:
    """A comment; on a pull request the issue's address is empty and the pull request's is given."""
    where = raw["pull_request_url"] or raw["issue_url"]
    place = {"issue_number": int(where.rsplit("/", 1)[1]), "is_pull": bool(raw["pull_request_url"])}
    return {**read_comment_text(raw), **place}


def read_pull(raw: Raw) -> Shape:
    """A pull request without reviews and checks."""
    head = raw["head"]
    # once its branch is deleted, `ref` names Gitea's own copy and only `label` still the branch
    ref = head["label"] if head["ref"].startswith("refs/pull/") else head["ref"]
    return {**read_pull_parts(raw), "head": {"ref": ref, "sha": head["sha"], "repo_id": head["repo_id"]}}


def is_review(raw: Raw) -> bool:
    """Requests for a review and unsent reviews stand in the same list."""
    return raw["state"] in _REVIEWS


def read_review(raw: Raw, head_sha: str) -> Shape:
    """A review without its inline comments; Gitea marks it stale only a moment after the push."""
    return {
        "id": raw["id"],
        **read_author(raw["user"]),
        "state": "dismissed" if raw.get("dismissed") else _REVIEWS[raw["state"]],
        "body": raw.get("body") or "",
        "commit_sha": raw["commit_id"],
        "stale": raw["stale"] or raw["commit_id"] != head_sha,
        "submitted_at": utc(raw["submitted_at"]),
        "comments": [],
    }


def read_inline(raw: Raw) -> Shape:
    """One remark in the code; a line that is gone is told by its old number."""
    line = raw.get("position") or raw.get("original_position") or None
    return {"path": raw["path"], "line": line, "body": raw["body"]}


def read_checks(statuses: list[Raw]) -> dict[str, str]:
    """Each context's state in our three words."""
    return {str(raw["context"]): _CHECKS[raw["status"]] for raw in statuses}


def read_moment(raw: Raw) -> Shape | None:
    """One entry of a timeline, if it is of a kind that we ask about."""
    kind = _TIMELINE.get(raw["type"])
    if raw["type"] == "label":
        kind = "label" if raw["body"] == "1" else "unlabel"
    if kind is None:
        return None
    who = read_author(raw["user"])
    label = {"label": raw["label"]["name"]} if raw.get("label") else {}
    at = utc(raw["created_at"])
    return {"type": kind, **label, "actor": who["author"], "actor_id": who["author_id"], "at": at}


def read_push(raw: Raw) -> Push:
    """A timeline's `pull_push`: its text holds the commits; of a forced push, the old and the new head."""
    who, told = read_author(raw["user"]), json.loads(raw["body"] or "{}")
    commits = [str(commit) for commit in told.get("commit_ids") or []]
    push = {"actor": who["author"], "actor_id": who["author_id"], "commits": commits}
    if not told.get("is_force_push"):
        return push | {"before": None, "after": None}
    before, after = [*commits, None, None][:2]
    return push | {"commits": [], "before": before, "after": after}
