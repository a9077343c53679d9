"""What was heard of a comment before it was edited: only of a text that was heard can the rest be new."""

import hashlib
from datetime import datetime

from shell.event import Event
from shell.store.lanes import SEEN_S

_KNOWN_FOR_S = SEEN_S - 24 * 3600
"""Of a comment this young, every key that was ever known is known still."""


def by_its_author(event: Event) -> bool:
    """Whether it is an edit of a comment that can act: a delivery named its editor, who is its author."""
    edited = event["type"] == "issue_comment" and event.get("hint") == "edited" and not event.get("found")
    return edited and event.get("actor_id") is not None and event["actor_id"] == event.get("author_id")


def key_before(event: Event) -> str | None:
    """The key that the comment had with its old text; None where the old text was not told."""
    before = event.get("previous")
    if before is None:
        return None
    return f"comment:{event['comment_id']}:{hashlib.sha256(before.encode()).hexdigest()[:16]}"


def is_old(event: Event) -> bool:
    """Whether what was heard of the comment may be forgotten by now."""
    written, edited = event.get("written_at"), event.get("created_at")
    if not written or not edited:
        return False
    age = datetime.fromisoformat(edited) - datetime.fromisoformat(written)
    return age.total_seconds() > _KNOWN_FOR_S


def key_of_words(event: Event) -> str:
    """Under which key a comment is known once it was handled: what could not act may come again, and act."""
    found_edited = event.get("found") and event.get("hint") == "edited"
    return f"found:{event['key']}" if found_edited else str(event["key"])
