"""Edited comments: which of their text was already handled, so that only the rest counts as new."""

import hashlib
from datetime import datetime
from typing import TypeGuard

from shell.event import Event, IssueComment
from shell.store.lanes import SEEN_S

_KNOWN_FOR_S = SEEN_S - 24 * 3600
"""For a comment younger than this, every key that was ever handled is still stored."""


def by_its_author(event: Event) -> TypeGuard[IssueComment]:
    """Whether it is an edit that can act: a delivery named the editor, who is also the author."""
    if event["type"] != "issue_comment" or event.get("hint") != "edited" or event.get("found"):
        return False
    return event.get("actor_id") is not None and event["actor_id"] == event.get("author_id")


def key_before(event: IssueComment) -> str | None:
    """The key of the comment with its old text; None if the old text is not known."""
    before = event.get("previous")
    if before is None:
        return None
    return f"comment:{event['comment_id']}:{hashlib.sha256(before.encode()).hexdigest()[:16]}"


def is_old(event: IssueComment) -> bool:
    """Whether the comment is so old that its handled keys may have been removed."""
    written, edited = event.get("written_at"), event.get("created_at")
    if not written or not edited:
        return False
    age = datetime.fromisoformat(edited) - datetime.fromisoformat(written)
    return age.total_seconds() > _KNOWN_FOR_S


def key_when_handled(event: IssueComment) -> str:
    """The key that marks a comment as handled; one found by polling, edited, may come again and act."""
    found_edited = event.get("found") and event.get("hint") == "edited"
    return f"found:{event['key']}" if found_edited else str(event["key"])
