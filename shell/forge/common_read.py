"""The parts of both forges' answers that are the same, read into our shapes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from shell.clock import text_of
from shell.forge.protocol import Account, Checks, Comment, Issue, Pull, TimelineRow

if TYPE_CHECKING:
    from stages.world import CheckState, ForgeHead, TimelineKind

Raw = dict[str, Any]
"""What a forge answered or delivered, as parsed: whoever reads it checks it."""

_GHOST: Raw = {"login": "ghost", "id": None}


Time = TypeVar("Time", str, None)


def utc(time: Time) -> Time:
    """A forge's time, whatever its offset, in our form; None stays None."""
    return text_of(datetime.fromisoformat(time)) if time is not None else None


def read_account(raw: Raw) -> Account:
    """An account; a deleted one has become `ghost`."""
    return {"login": raw["login"], "id": raw["id"]}


def author_of(raw: Raw | None) -> Raw:
    """Who wrote it; an account that is deleted has become `ghost`."""
    return raw or _GHOST


def is_machine(raw: Raw | None) -> bool:
    """Whether the forge says that an account is no person's; Gitea does so of its own ones alone."""
    return raw is not None and (raw.get("type") == "Bot" or raw["id"] < 0)


def read_labels(raw: Raw) -> list[str]:
    """The names of an object's labels."""
    return [label["name"] for label in raw.get("labels") or []]


def read_issue(raw: Raw) -> Issue:
    """An issue; on both forges a pull request is one too."""
    return {
        "number": raw["number"],
        "title": raw["title"],
        "body": raw.get("body") or "",
        "state": raw["state"],
        "author": author_of(raw["user"])["login"],
        "author_id": author_of(raw["user"])["id"],
        "labels": read_labels(raw),
        "is_pull": raw.get("pull_request") is not None,
        "assignees": [user["login"] for user in raw.get("assignees") or []],
        "html_url": raw["html_url"],
        "created_at": utc(raw["created_at"]),
        "updated_at": utc(raw["updated_at"]),
    }


def read_comment(raw: Raw, issue_number: int, is_pull: bool) -> Comment:
    """A comment; how a forge says where it is differs."""
    comment: Comment = {
        "issue_number": issue_number,
        "is_pull": is_pull,
        "comment_id": raw["id"],
        "author": author_of(raw["user"])["login"],
        "author_id": author_of(raw["user"])["id"],
        "body": raw.get("body") or "",
        "created_at": utc(raw["created_at"]),
        "updated_at": utc(raw["updated_at"]),
        "html_url": raw["html_url"],
    }
    if is_machine(raw["user"]):
        comment["machine"] = True
    return comment


def read_pull(raw: Raw, head: ForgeHead) -> Pull:
    """A pull request, still without its reviews and checks."""
    merged_by = raw.get("merged_by")
    return {
        "number": raw["number"],
        "title": raw["title"],
        "body": raw.get("body") or "",
        "state": raw["state"],
        "merged": bool(raw.get("merged")),
        "merge_sha": raw.get("merge_commit_sha") if raw.get("merged") else None,
        "merged_by": merged_by["login"] if merged_by else None,
        "merged_at": utc(raw.get("merged_at")),
        "draft": bool(raw.get("draft")),
        "author": author_of(raw["user"])["login"],
        "author_id": author_of(raw["user"])["id"],
        "base": {"ref": raw["base"]["ref"]},
        "labels": read_labels(raw),
        "requested": [author_of(one)["login"] for one in raw.get("requested_reviewers") or []],
        "html_url": raw["html_url"],
        "head": head,
        "reviews": [],
        "status": {"state": "none", "contexts": {}},
    }


_WORST_FIRST: tuple[CheckState, ...] = ("failure", "pending", "success")


OWN_CHECK = "caloron"
"""The commit status that says what we wait for: nothing that we wait for ourselves."""
CONFIG_CHECK = "caloron/.caloron.yml"
"""The one of a pull request that changes the settings: a merge asks for that itself, at the last moment."""
OWN_CHECKS = frozenset({OWN_CHECK, CONFIG_CHECK})
"""The statuses that are no checks to wait for."""


def combined(contexts: dict[str, CheckState]) -> Checks:
    """The checks of one commit without ours: the worst of them, or `none` where there are none."""
    contexts = {name: state for name, state in contexts.items() if name not in OWN_CHECKS}
    states = set(contexts.values())
    worst: CheckState = next((state for state in _WORST_FIRST if state in states), "none")
    return {"state": worst, "contexts": contexts}


def read_moment(raw: Raw, kind: TimelineKind, who: Raw | None) -> TimelineRow:
    """One entry of a timeline."""
    by = author_of(who)
    row: TimelineRow = {
        "type": kind,
        "actor": by["login"],
        "actor_id": by["id"],
        "at": utc(raw["created_at"]),
    }
    if raw.get("label"):
        row["label"] = raw["label"]["name"]
    return row
