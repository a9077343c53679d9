"""Gitea's answers (and Forgejo's) read into our shapes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from shell.forge import common_read
from shell.forge.common_read import Raw, author_of, utc
from shell.forge.protocol import Comment, Pull, Push, Remark, Repository, Review, TimelineRow

if TYPE_CHECKING:
    from stages.world import CheckState, ReviewState, TimelineKind

_STYLES = {
    "merge": "allow_merge_commits",
    "rebase": "allow_rebase",
    "rebase-merge": "allow_rebase_explicit",
    "squash": "allow_squash_merge",
    "fast-forward-only": "allow_fast_forward_only_merge",
}
_REVIEWS: dict[str, ReviewState] = {
    "APPROVED": "approved",
    "REQUEST_CHANGES": "changes_requested",
    "COMMENT": "commented",
}
_CHECKS: dict[str, CheckState] = {
    "success": "success",
    "warning": "success",
    "skipped": "none",
    "pending": "pending",
    "failure": "failure",
    "error": "failure",
}
_TIMELINE: dict[str, TimelineKind] = {"close": "close", "reopen": "reopen"}

_JOB = re.compile(r"/actions/runs/\d+/jobs/(\d+)$")


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
        "archived": bool(raw.get("archived")),
        "permissions": {right: bool(raw["permissions"][right]) for right in ("admin", "push", "pull")},
        "merge_styles": styles,
        "default_merge_style": default if default in styles else next(iter(styles), "merge"),
        "html_url": raw["html_url"],
    }


def read_comment(raw: Raw) -> Comment:
    """A comment; on a pull request the issue's address is empty and the pull request's is given."""
    where = raw["pull_request_url"] or raw["issue_url"]
    return common_read.read_comment(raw, int(where.rsplit("/", 1)[1]), bool(raw["pull_request_url"]))


def read_pull(raw: Raw) -> Pull:
    """A pull request, still without reviews and checks."""
    head = raw["head"]
    # once its branch is deleted, `ref` names Gitea's own copy and only `label` still the branch
    ref = head["label"] if head["ref"].startswith("refs/pull/") else head["ref"]
    return common_read.read_pull(raw, {"ref": ref, "sha": head["sha"], "repo_id": head["repo_id"]})


def is_review(raw: Raw) -> bool:
    """Requests for a review and unsent reviews stand in the same list."""
    return raw["state"] in _REVIEWS


def read_review(raw: Raw, head_sha: str) -> Review:
    """A review without its inline comments; Gitea marks it stale only a moment after the push."""
    return {
        "id": raw["id"],
        "author": author_of(raw["user"])["login"],
        "author_id": author_of(raw["user"])["id"],
        "state": "dismissed" if raw.get("dismissed") else _REVIEWS[raw["state"]],
        "body": raw.get("body") or "",
        "commit_sha": raw["commit_id"],
        "stale": raw["stale"] or raw["commit_id"] != head_sha,
        "submitted_at": utc(raw["submitted_at"]),
        "comments": [],
    }


def read_inline(raw: Raw) -> Remark:
    """One remark in the code; a line that is gone is told by its old number."""
    line = raw.get("position") or raw.get("original_position") or None
    return {"path": raw["path"], "line": line, "body": raw["body"]}


def job_of(link: str) -> int | None:
    """The job that a status of Gitea Actions links to, by its number; None of any other link."""
    found = _JOB.search(link)
    return int(found[1]) if found else None


def read_checks(statuses: list[Raw]) -> dict[str, CheckState]:
    """Each context's state in our words; one that was skipped says nothing, neither good nor bad."""
    return {str(raw["context"]): _CHECKS[raw["status"]] for raw in statuses}


def read_moment(raw: Raw) -> TimelineRow | None:
    """One entry of a timeline, if it is of a kind that we ask about."""
    kind = _TIMELINE.get(raw["type"])
    if raw["type"] == "label":
        kind = "label" if raw["body"] == "1" else "unlabel"
    if kind is None:
        return None
    return common_read.read_moment(raw, kind, raw["user"])


def read_push(raw: Raw) -> Push:
    """A timeline's `pull_push`: its text holds the commits; of a forced push, the old and the new head."""
    who, pushed = author_of(raw["user"]), json.loads(raw["body"] or "{}")
    commits = [str(commit) for commit in pushed.get("commit_ids") or []]
    push: Push = {
        "actor": who["login"],
        "actor_id": who["id"],
        "commits": commits,
        "before": None,
        "after": None,
    }
    if pushed.get("is_force_push"):
        push["commits"] = []
        push["before"], push["after"] = [*commits, None, None][:2]
    return push
