"""Gitea's webhooks: which messages a event makes, their payloads, headers and signatures."""

from __future__ import annotations

import hmac
import json
from typing import Any

from bot.fake_forge import git
from bot.fake_forge.gitea import shapes
from bot.fake_forge.state import Hook
from bot.fake_forge.times import when
from bot.fake_forge.webhooks import Message
from bot.fake_forge.world import ForgeEvent, World

NAME = "gitea"
SAME_ID = False
Json = dict[str, Any]

# kind of event -> (ending of the fine event's name, action); the stem is `issue` or `pull_request`.
ISSUE_LIKE = {
    "issue_opened": ("", "opened"),
    "opened": ("", "opened"),
    "edited": ("", "edited"),
    "closed": ("", "closed"),
    "reopened": ("", "reopened"),
    "issue_deleted": ("", "deleted"),
    "labels": ("_label", "label_updated"),
    "assigned": ("_assign", "assigned"),
    "unassigned": ("_assign", "unassigned"),
    "milestoned": ("_milestone", "milestoned"),
    "demilestoned": ("_milestone", "demilestoned"),
    "synchronized": ("_sync", "synchronized"),
    "review_requested": ("_review_request", "review_requested"),
    "review_request_removed": ("_review_request", "review_request_removed"),
}
REVIEWS = {"approved": "approved", "changes_requested": "rejected", "commented": "comment"}
UMBRELLAS = {
    "issues": ("issues", "issue_assign", "issue_label", "issue_milestone", "issue_comment"),
    "issues_only": ("issues",),
    "pull_request": (
        "pull_request",
        "pull_request_assign",
        "pull_request_label",
        "pull_request_milestone",
        "pull_request_comment",
        "pull_request_review_approved",
        "pull_request_review_rejected",
        "pull_request_review_comment",
        "pull_request_review_request",
        "pull_request_sync",
    ),
    "pull_request_only": ("pull_request",),
    "pull_request_review": (
        "pull_request_review_approved",
        "pull_request_review_rejected",
        "pull_request_review_comment",
    ),
}


def expanded(names: list[str]) -> list[str]:
    """The events of a subscription as a Gitea shows them: the umbrellas opened, the reviews as one."""
    found = [fine for name in names for fine in UMBRELLAS.get(name, (name,))]
    reviews = UMBRELLAS["pull_request_review"]
    return list(dict.fromkeys("pull_request_review" if one in reviews else one for one in found))


def wants(hook: Hook, message: Message) -> bool:
    return any(message.fine in UMBRELLAS.get(name, (name,)) for name in hook.events)


def encode(hook: Hook, message: Message) -> bytes:
    return json.dumps(message.payload, indent=1 if message.event == "repository" else 2).encode()


def headers(hook: Hook, message: Message, body: bytes, delivery: str) -> dict[str, str]:
    """Every header that a Gitea sends; without a secret the signatures are present but empty."""
    digests = [""] * 2
    if hook.secret:
        digests = [hmac.new(hook.secret.encode(), body, kind).hexdigest() for kind in ("sha256", "sha1")]
    sent = {
        "Content-Type": "application/json",
        "User-Agent": "Go-http-client/1.1",
        "X-Hub-Signature": f"sha1={digests[1]}",
        "X-Hub-Signature-256": f"sha256={digests[0]}",
        "X-Gitea-Signature": digests[0],
        "X-Gogs-Signature": digests[0],
    }
    for family in ("Gitea", "Gogs", "GitHub"):
        sent |= {
            f"X-{family}-Event": message.event,
            f"X-{family}-Event-Type": message.fine,
            f"X-{family}-Delivery": delivery,
        }
        if family != "Gogs":
            sent[f"X-{family}-Hook-Installation-Target-Type"] = hook.scope
    if hook.authorization:
        sent["Authorization"] = hook.authorization
    return sent


def messages(world: World, event: ForgeEvent) -> list[Message]:
    common = {
        "repository": shapes.repository(world, event.repository, event.actor),
        "sender": shapes.user(world, event.actor),
    }
    if event.kind in ISSUE_LIKE:
        return [_pull(world, event, common) if _is_pull(event) else _issue(world, event, common)]
    if event.kind.startswith("comment_"):
        return [_comment(world, event, common)]
    if event.kind == "reviewed":
        return [_review(world, event, common)]
    maker = {
        "push": _push,
        "created": _ref,
        "deleted": _ref,
        "status": _status,
        "repository_created": _repository,
        "repository_deleted": _repository,
    }.get(event.kind)
    message = maker(world, event, common) if maker else None
    return [message] if message else []


def _is_pull(event: ForgeEvent) -> bool:
    return event.issue is not None and event.issue.pull is not None


def _changes(event: ForgeEvent) -> Json:
    if not event.changes:
        return {}
    given: Json = {name: {"from": before} for name, before in event.changes.items()}
    return {"changes": given | {"added_labels": None, "removed_labels": None}}


def _action(event: ForgeEvent) -> str:
    assert event.issue
    return "label_cleared" if event.more.get("cleared") else ISSUE_LIKE[event.kind][1]


def _spoil_labels(world: World, event: ForgeEvent, shown: Json) -> None:
    """As a Gitea does: no labels after a replacement whatever was set, the old ones after taking all off."""
    if event.more.get("replaced"):
        shown["labels"] = []
    if event.more.get("cleared"):
        gone = event.more["removed"]
        shown["labels"] = [shapes.label(world, event.repository, label) for label in gone]


def _issue(world: World, event: ForgeEvent, common: Json) -> Message:
    issue = event.issue
    assert issue
    ending = ISSUE_LIKE[event.kind][0]
    shown = shapes.issue(world, issue)
    _spoil_labels(world, event, shown)
    payload = {"action": _action(event), "number": issue.number, **_changes(event), "issue": shown}
    payload |= common | {"commit_id": event.more.get("commit", "")}
    return Message("issues", f"issue{ending}" if ending else "issues", payload)


def _pull(world: World, event: ForgeEvent, common: Json) -> Message:
    issue = event.issue
    assert issue and issue.pull
    shown = shapes.pull_request(world, issue, issue.pull, event.actor, full=False)
    _spoil_labels(world, event, shown)
    payload = {
        "action": _action(event),
        "number": issue.number,
        **_changes(event),
        "pull_request": shown,
        "requested_reviewer": shapes.user(world, event.person),
        **common,
        "commit_id": "",
        "review": None,
    }
    return Message("pull_request", f"pull_request{ISSUE_LIKE[event.kind][0]}", payload)


def _comment(world: World, event: ForgeEvent, common: Json) -> Message:
    issue, comment = event.issue, event.comment
    assert issue and comment
    payload = {
        "action": event.kind.removeprefix("comment_"),
        "issue": shapes.issue(world, issue),
        "comment": shapes.comment(world, comment),
        **_changes(event),
        **common,
        "is_pull": issue.pull is not None,
    }
    if issue.pull:
        payload["pull_request"] = shapes.pull_request(world, issue, issue.pull, event.actor, full=False)
    return Message("issue_comment", "pull_request_comment" if issue.pull else "issue_comment", payload)


def _review(world: World, event: ForgeEvent, common: Json) -> Message:
    issue, review = event.issue, event.review
    assert issue and issue.pull and review
    ending = REVIEWS[review.state]
    payload = {
        "action": "reviewed",
        "number": issue.number,
        "pull_request": shapes.pull_request(world, issue, issue.pull, event.actor, full=False),
        "requested_reviewer": shapes.user(world, event.actor),
        **common,
        "commit_id": "",
        "review": {"type": f"pull_request_review_{ending}", "content": review.body},
    }
    return Message(f"pull_request_{ending}", f"pull_request_review_{ending}", payload)


def _push(world: World, event: ForgeEvent, common: Json) -> Message | None:
    more, repository = event.more, event.repository
    if not more["after"].strip("0"):
        return None
    commits = [shapes.commit_meta(world, repository, commit) for commit in more["commits"]]
    base = f"{world.url}/{repository.full_name}/compare"
    payload = {
        "ref": more["ref"],
        "before": more["before"],
        "after": more["after"],
        "compare_url": f"{base}/{more['before']}...{more['after']}",
        "commits": commits,
        "total_commits": len(commits),
        "head_commit": commits[0] if commits else _head(world, event),
        "repository": common["repository"],
        "pusher": common["sender"],
        "sender": common["sender"],
    }
    return Message("push", "push", payload)


def _head(world: World, event: ForgeEvent) -> Json:
    repository = event.repository
    return shapes.commit_meta(
        world, repository, git.commits(repository.folder, event.more["after"], limit=1)[0]
    )


def _ref(world: World, event: ForgeEvent, common: Json) -> Message:
    more = event.more
    payload = {"ref": more["name"], "ref_type": more["type"], **common}
    payload |= {"sha": more["after"]} if event.kind == "created" else {"pusher_type": "user"}
    name = "create" if event.kind == "created" else "delete"
    return Message(name, name, payload)


def _status(world: World, event: ForgeEvent, common: Json) -> Message:
    status, sha = event.more["status"], event.more["sha"]
    commit = event.more.get("about")
    payload = {
        "commit": shapes.commit_meta(world, event.repository, commit) if commit else None,
        "context": status.context,
        "created_at": when(status.created),
        "description": status.description,
        "id": status.id,
        **common,
        "sha": sha,
        "state": status.state,
        "target_url": status.target_url,
        "updated_at": when(status.created),
    }
    return Message("status", "status", payload)


def _repository(world: World, event: ForgeEvent, common: Json) -> Message:
    owner = event.repository.owner
    payload = {
        "action": event.kind.removeprefix("repository_"),
        "repository": common["repository"],
        "organization": shapes.user(world, owner) if owner.organization else None,
        "sender": common["sender"],
    }
    return Message("repository", "repository", payload)
