"""GitHub's answers read into our shapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shell.forge import common_read
from shell.forge.common_read import Raw, author_of, utc
from shell.forge.protocol import Comment, Pull, Push, Remark, Repository, Review, TimelineRow

if TYPE_CHECKING:
    from stages.world import CheckState, ReviewState, TimelineKind

_STYLES = {"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}
_REVIEWS: dict[str, ReviewState] = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "changes_requested",
    "COMMENTED": "commented",
    "DISMISSED": "dismissed",
}
_SAYS_NOTHING = ("neutral", "skipped")
_TIMELINE: dict[str, TimelineKind] = {
    "labeled": "label",
    "unlabeled": "unlabel",
    "closed": "close",
    "reopened": "reopen",
}
_WORST_FIRST = ("failure", "pending", "success", "none")
_JOB = re.compile(r"/actions/runs/\d+/job/(\d+)")


def read_repository(raw: Raw, empty: bool) -> Repository:
    """A repository; without the right to push, GitHub does not tell the ways of merging."""
    styles = [style for style, allowed in _STYLES.items() if raw.get(allowed, True)]
    rights = raw.get("permissions") or {}
    return {
        "id": raw["id"],
        "full_name": raw["full_name"],
        "owner_id": raw["owner"]["id"],
        "default_branch": raw["default_branch"],
        "empty": empty,
        "private": raw["private"],
        "archived": bool(raw.get("archived")),
        "permissions": {right: bool(rights.get(right)) for right in ("admin", "push", "pull")},
        "merge_styles": styles,
        "default_merge_style": next(iter(styles), "merge"),
        "html_url": raw["html_url"],
    }


def read_comment(raw: Raw) -> Comment:
    """A comment; only its page's address tells whether it is on a pull request."""
    number = int(raw["issue_url"].rsplit("/", 1)[1])
    is_pull = f"/pull/{number}#" in raw["html_url"]
    return common_read.read_comment(raw, number, is_pull)


def read_pull(raw: Raw) -> Pull:
    """A pull request, still without reviews and checks; a deleted fork has left no repository."""
    head = raw["head"]
    home = (head.get("repo") or {}).get("id")
    return common_read.read_pull(raw, {"ref": head["ref"], "sha": head["sha"], "repo_id": home})


def is_review(raw: Raw) -> bool:
    """Unsent reviews stand in the same list."""
    return raw["state"] in _REVIEWS


def read_review(raw: Raw, head_sha: str) -> Review:
    """A review without its inline comments; stale if it looked at an earlier head."""
    return {
        "id": raw["id"],
        "author": author_of(raw["user"])["login"],
        "author_id": author_of(raw["user"])["id"],
        "state": _REVIEWS[raw["state"]],
        "body": raw.get("body") or "",
        "commit_sha": raw["commit_id"],
        "stale": raw["commit_id"] != head_sha,
        "submitted_at": utc(raw["submitted_at"]),
        "comments": [],
        "machine": (raw["user"] or {}).get("type") == "Bot",
    }


def read_inline(raw: Raw) -> Remark:
    """One remark in the code; a line that is gone is told by its old number."""
    return {"path": raw["path"], "line": raw.get("line") or raw.get("original_line"), "body": raw["body"]}


def read_checks(statuses: list[Raw], runs: list[Raw]) -> dict[str, CheckState]:
    """Statuses and check runs in our words; of two of one name the worse counts."""
    checks: list[tuple[str, CheckState]] = [
        (raw["context"], "failure" if raw["state"] == "error" else raw["state"]) for raw in statuses
    ]
    checks += [(raw["name"], run_state(raw)) for raw in runs]
    return dict(sorted(checks, key=lambda check: _WORST_FIRST.index(check[1]), reverse=True))


def job_of(run: Raw) -> int | None:
    """The job of GitHub Actions that a check run stands for, by its link; None of other apps' runs."""
    found = _JOB.search(str(run.get("details_url") or ""))
    is_job = (run.get("app") or {}).get("slug") == "github-actions"
    return int(found[1]) if found and is_job else None


def read_moment(raw: Raw) -> TimelineRow | None:
    """One entry of a timeline, if it is of a kind that we ask about."""
    kind = _TIMELINE.get(raw.get("event", ""))
    if kind is None:
        return None
    return common_read.read_moment(raw, kind, raw["actor"])


def run_state(raw: Raw) -> CheckState:
    """What a check run says; one that was skipped says nothing, neither good nor bad."""
    if raw["status"] != "completed":
        return "pending"
    if raw["conclusion"] in _SAYS_NOTHING:
        return "none"
    return "success" if raw["conclusion"] == "success" else "failure"


def read_required(rules: list[Raw]) -> list[str]:
    """The checks that a branch's rulesets require."""
    asked = [rule.get("parameters") or {} for rule in rules if rule["type"] == "required_status_checks"]
    return [str(check["context"]) for rule in asked for check in rule.get("required_status_checks") or []]


def read_push(raw: Raw) -> Push:
    """An entry of a repository's activity; a branch that begins or ends has only zeros on one side."""
    who = author_of(raw.get("actor"))
    before, after = (sha if sha and sha.strip("0") else None for sha in (raw.get("before"), raw.get("after")))
    return {"actor": who["login"], "actor_id": who["id"], "commits": [], "before": before, "after": after}
