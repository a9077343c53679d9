"""The parts of both forges' answers that are the same, read into our shapes."""

from datetime import datetime
from typing import Any

from shell.clock import text_of
from shell.forge.protocol import Account, Issue, Shape

Raw = dict[str, Any]

_GHOST = {"login": "ghost", "id": None}


def utc(time: str | None) -> str | None:
    """A forge's time, whatever its offset, in our form; None stays None."""
    return text_of(datetime.fromisoformat(time)) if time else None


def read_account(raw: Raw) -> Account:
    """An account; a deleted one has become `ghost`."""
    return {"login": raw["login"], "id": raw["id"]}


def read_author(raw: Raw | None) -> Shape:
    """Who wrote it, as two fields."""
    user = raw or _GHOST
    return {"author": user["login"], "author_id": user["id"]}


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
        **read_author(raw["user"]),
        "labels": read_labels(raw),
        "is_pull": raw.get("pull_request") is not None,
        "assignees": [user["login"] for user in raw.get("assignees") or []],
        "html_url": raw["html_url"],
        "created_at": utc(raw["created_at"]),
        "updated_at": utc(raw["updated_at"]),
    }


def read_comment_text(raw: Raw) -> Shape:
    """A comment's text and author; where it is differs between the forges."""
    return {
        "comment_id": raw["id"],
        **read_author(raw["user"]),
        "body": raw.get("body") or "",
        "created_at": utc(raw["created_at"]),
        "updated_at": utc(raw["updated_at"]),
        "html_url": raw["html_url"],
    }


def read_pull_parts(raw: Raw) -> Shape:
    """A pull request without its head, reviews and checks."""
    merged_by = raw.get("merged_by")
    return {
        "number": raw["number"],
        "title": raw["title"],
        "body": raw.get("body") or "",
        "state": raw["state"],
        "merged": bool(raw.get("merged")),
        "merge_sha": raw.get("merge_commit_sha") if raw.get("merged") else None,
        "merged_by": merged_by["login"] if merged_by else None,
        "draft": bool(raw.get("draft")),
        **read_author(raw["user"]),
        "base": {"ref": raw["base"]["ref"]},
        "labels": read_labels(raw),
        "html_url": raw["html_url"],
    }


def combined(contexts: dict[str, str]) -> Shape:
    """The checks of one commit: the worst of them, or `none` where there are none."""
    states = set(contexts.values())
    worst = next((state for state in ("failure", "pending", "success") if state in states), "none")
    return {"state": worst, "contexts": contexts}
