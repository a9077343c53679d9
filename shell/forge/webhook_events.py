"""The flat events that a delivery becomes: `changed` (a hint to look), `issue_comment`, `ignored`."""

import hashlib
from typing import Any, cast

from shell.clock import now
from shell.event import Changed, Delivered, Ignored, IssueComment
from shell.forge.common_read import OWN_CHECKS, Raw, author_of, is_machine, utc

_BRANCH = "refs/heads/"


def changed(payload: Raw, delivery: str, object_: str, identity: object, hint: str, **fields: Any) -> Changed:
    """Something may have changed; the key names the delivery, since every hint counts.

    `fields` are those that the kind of delivery has beside these.
    """
    hinted: Changed = {
        "type": "changed",
        "key": f"changed:{object_}:{identity}:{delivery}",
        "object": object_,
        "hint": hint,
    }
    tell_where(hinted, payload)
    return cast("Changed", hinted | fields)


def changed_number(
    payload: Raw, delivery: str, object_: str, number: int, hint: str, **fields: Any
) -> Changed:
    """An issue or pull request may have changed."""
    return changed(payload, delivery, object_, number, hint, number=number, **fields)


def changed_issue(payload: Raw, delivery: str, number: int, hint: str, **fields: Any) -> Changed:
    """An issue may have changed; with the hashes of its text before and after the edit."""
    return changed_number(payload, delivery, "issue", number, hint, **_texts(payload, hint), **fields)


def _texts(payload: Raw, hint: str) -> dict[str, str]:
    """A new issue had no text before; a new title leaves the text as it is."""
    if hint not in ("opened", "edited") or "body" not in payload["issue"]:
        return {}
    now, changes = hash_of(payload["issue"]["body"]), payload.get("changes")
    if hint == "opened":
        return {"body_hash": now, "body_was": ""}
    if changes and changes.get("body") is None:
        return {"body_hash": now, "body_was": now}
    if not changes or "from" not in changes["body"]:
        return {"body_hash": now}
    return {"body_hash": now, "body_was": hash_of(changes["body"]["from"])}


def hash_of(text: str | None) -> str:
    """The hash of a text; None counts as empty."""
    return hashlib.sha256((text or "").encode()).hexdigest()[:16]


def changed_commit(payload: Raw, delivery: str, sha: str) -> Changed:
    """The checks of a commit may have changed."""
    return changed(payload, delivery, "commit", sha, "status", head_sha=sha)


def status_set(payload: Raw, delivery: str) -> Delivered:
    """The status of a commit may have changed, unless it is the one that we set."""
    if payload["context"] in OWN_CHECKS:
        return ignored(payload, "the commit status of the bot itself")
    return changed_commit(payload, delivery, payload["sha"])


def pushed(payload: Raw, delivery: str) -> Delivered:
    """A branch has a new head; tags are ignored."""
    ref, head = payload["ref"], payload["after"]
    if not ref.startswith(_BRANCH):
        return ignored(payload, f"a push of {ref}, which is no branch")
    branch = ref.removeprefix(_BRANCH)
    return changed(payload, delivery, "branch", branch, "push", branch=branch, head_sha=head)


def repository_changed(payload: Raw, delivery: str) -> Changed:
    """The repository itself may have changed."""
    return changed(payload, delivery, "repository", payload["repository"]["id"], payload["action"])


def commented(payload: Raw, delivery: str, is_pull: bool) -> Delivered:
    """A comment on an issue or pull request, written or edited; a deleted one is only a hint."""
    issue, comment, action = payload["issue"], payload["comment"], payload["action"]
    if action == "deleted":
        return changed_number(payload, delivery, "issue", issue["number"], "comment_deleted")
    if action not in ("created", "edited"):
        return ignored(payload, f"a comment {action} is nothing that moves a sprint")
    body = comment.get("body") or ""
    before = ((payload.get("changes") or {}).get("body") or {}).get("from")
    author = author_of(comment["user"])
    written: IssueComment = {
        "type": "issue_comment",
        "key": f"comment:{comment['id']}:{hash_of(body)}",
        "written_at": utc(comment["created_at"]),
        "issue_number": issue["number"],
        "is_pull": is_pull,
        "comment_id": comment["id"],
        "author": author["login"],
        "author_id": author["id"],
        "body": body,
        "previous": before if action == "edited" else None,
        "hint": action,
    }
    if is_machine(comment["user"]):
        written["machine"] = True
    tell_where(written, payload)
    written["created_at"] = utc(comment["updated_at" if action == "edited" else "created_at"])
    return written


def ignored(payload: Raw, reason: str) -> Ignored:
    """Nothing for us, and why; some of these belong to no repository."""
    event: Ignored = {"type": "ignored", "reason": reason}
    if payload.get("repository"):
        tell_where(event, payload)
    return event


def tell_where(event: Delivered, payload: Raw) -> None:
    """Put into the event where and when it happened, and who caused it."""
    repository, sender = payload["repository"], payload.get("sender") or {"login": "", "id": None}
    event["repo_id"], event["repo"] = repository["id"], repository["full_name"]
    event["actor"], event["actor_id"] = sender["login"], sender["id"]
    event["created_at"] = now()
