"""GitHub's webhooks: which messages a event makes, their payloads, headers and signatures."""

from __future__ import annotations

import hmac
import json
import urllib.parse
from typing import Any

from bot.fake_forge import git
from bot.fake_forge.github import shapes
from bot.fake_forge.state import Hook
from bot.fake_forge.times import when
from bot.fake_forge.webhooks import Message
from bot.fake_forge.world import ForgeEvent, World

NAME = "github"
SAME_ID = True
Json = dict[str, Any]
ACTIONS = {
    "issue_opened": "opened",
    "opened": "opened",
    "edited": "edited",
    "closed": "closed",
    "reopened": "reopened",
    "issue_deleted": "deleted",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "milestoned": "milestoned",
    "demilestoned": "demilestoned",
    "synchronized": "synchronize",
    "review_requested": "review_requested",
    "review_request_removed": "review_request_removed",
    "converted_to_draft": "converted_to_draft",
    "ready_for_review": "ready_for_review",
}


def wants(hook: Hook, message: Message) -> bool:
    return message.event == "ping" or "*" in hook.events or message.event in hook.events


def encode(hook: Hook, message: Message) -> bytes:
    body = json.dumps(message.payload, separators=(",", ":"))
    if hook.content_type == "form":
        body = urllib.parse.urlencode({"payload": body})
    return body.encode()


def headers(hook: Hook, message: Message, body: bytes, delivery: str) -> dict[str, str]:
    """GitHub's headers; without a secret no signature at all."""
    form = hook.content_type == "form"
    sent = {
        "Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
        "User-Agent": "GitHub-Hookshot/fake",
        "Accept": "*/*",
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": message.event,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-Type": hook.scope,
        "X-GitHub-Hook-Installation-Target-ID": str(message.payload.get("repository", {}).get("id", 0)),
    }
    if hook.secret:
        for kind, name in (("sha1", "X-Hub-Signature"), ("sha256", "X-Hub-Signature-256")):
            sent[name] = f"{kind}={hmac.new(hook.secret.encode(), body, kind).hexdigest()}"
    return sent


def messages(world: World, event: ForgeEvent) -> list[Message]:
    common: Json = {"repository": shapes.repository(world, event.repository, event.actor)}
    if event.repository.owner.organization:
        common["organization"] = shapes.user(world, event.repository.owner)
    common["sender"] = shapes.user(world, event.actor)
    return [Message(event, event, payload | common) for event, payload in _told(world, event)]


def _told(world: World, event: ForgeEvent) -> list[tuple[str, Json]]:
    kind, more = event.kind, event.more
    if kind == "labels":
        return _labels(world, event)
    if kind in ACTIONS:
        return [_changed(world, event, ACTIONS[kind], _extra(world, event))]
    if kind.startswith("comment_"):
        return [("issue_comment", _comment(world, event))]
    if kind == "reviewed":
        return _review(world, event)
    if kind == "push":
        return [("push", _push(world, event))]
    if kind in ("created", "deleted"):
        ref: Json = {"ref": more["name"], "ref_type": more["type"], "pusher_type": "user"}
        if kind == "created":
            ref |= {"master_branch": event.repository.default_branch, "description": None}
        return [("create" if kind == "created" else "delete", ref)]
    return _of_commit(world, event)


def _of_commit(world: World, event: ForgeEvent) -> list[tuple[str, Json]]:
    kind, more = event.kind, event.more
    if kind == "status":
        return [("status", _status(world, event))]
    if kind == "check":
        shown = shapes.check(world, event.repository, more["check"])
        action = "completed" if shown["conclusion"] else "created"
        return [("check_run", {"action": action, "check_run": shown})]
    if kind.startswith("repository_"):
        payload: Json = {"action": kind.removeprefix("repository_")}
        return [("repository", payload | ({"changes": more["changes"]} if "changes" in more else {}))]
    if kind == "ping":
        hook = more["hook"]
        shown = shapes.hook(world, f"/repos/{event.repository.full_name}/hooks", hook)
        return [("ping", {"zen": "Keep it logically awesome.", "hook_id": hook.id, "hook": shown})]
    return []


def _extra(world: World, event: ForgeEvent) -> Json:
    """What the payload says beside the object."""
    extra: Json = {}
    if event.changes:
        names = {"ref": "base"}
        extra["changes"] = {
            names.get(name, name): {"ref": {"from": before}} if name == "ref" else {"from": before}
            for name, before in event.changes.items()
        }
    if event.person:
        name = "requested_reviewer" if "review" in event.kind else "assignee"
        extra[name] = shapes.user(world, event.person)
    if event.kind == "synchronized":
        extra |= {"before": event.more["before"], "after": event.more["after"]}
    return extra


def _changed(world: World, event: ForgeEvent, action: str, extra: Json) -> tuple[str, Json]:
    issue = event.issue
    assert issue
    if issue.pull:
        shown = shapes.pull_request(world, issue, issue.pull, event.actor, full=False)
        # A fresh payload does not know yet whether it merges.
        shown |= {"merged": issue.pull.merged, "mergeable": None, "mergeable_state": "unknown"}
        shown["merged_by"] = shapes.user(world, issue.pull.merged_by)
        return "pull_request", {"action": action, "number": issue.number, "pull_request": shown, **extra}
    return "issues", {"action": action, "issue": shapes.issue(world, issue), **extra}


def _labels(world: World, event: ForgeEvent) -> list[tuple[str, Json]]:
    """One event for each label set or taken."""
    messages = [("labeled", label) for label in event.labels]
    messages += [("unlabeled", label) for label in event.more.get("removed", [])]
    repository = event.repository
    return [
        _changed(world, event, action, {"label": shapes.label(world, repository, label)})
        for action, label in messages
    ]


def _comment(world: World, event: ForgeEvent) -> Json:
    assert event.issue and event.comment
    return {
        "action": event.kind.removeprefix("comment_"),
        "issue": shapes.issue(world, event.issue),
        "comment": shapes.comment(world, event.comment),
        **_extra(world, event),
    }


def _review(world: World, event: ForgeEvent) -> list[tuple[str, Json]]:
    issue, review = event.issue, event.review
    assert issue and issue.pull and review
    pull = shapes.pull_request(world, issue, issue.pull, event.actor, full=False)
    shown = shapes.review(world, issue, review)
    shown["state"] = shown["state"].lower()
    action = "dismissed" if review.dismissed else "submitted"
    messages = [("pull_request_review", {"action": action, "review": shown, "pull_request": pull})]
    for line in () if review.dismissed else review.comments:
        comment = shapes.line_comment(world, issue, review, line)
        payload = {"action": "created", "comment": comment, "pull_request": pull}
        messages.append(("pull_request_review_comment", payload))
    return messages


def _push(world: World, event: ForgeEvent) -> Json:
    more, repository = event.more, event.repository
    created, deleted = more["before"] == git.ZERO, more["after"] == git.ZERO
    rows = [_commit(world, event, commit) for commit in reversed(more["commits"])]
    forced = not (created or deleted) and not git.is_ancestor(
        repository.folder, more["before"], more["after"]
    )
    return {
        "ref": more["ref"],
        "before": more["before"],
        "after": more["after"],
        "created": created,
        "deleted": deleted,
        "forced": forced,
        "base_ref": None,
        "compare": f"{world.url}/{repository.full_name}/compare/{more['before'][:12]}...{more['after'][:12]}",
        "commits": rows,
        "head_commit": rows[-1] if rows else None,
        "pusher": {"name": event.actor.login, "email": f"{event.actor.login}@noreply.example.test"},
    }


def _commit(world: World, event: ForgeEvent, commit: git.Commit) -> Json:
    person = {"name": commit.author, "email": commit.email, "username": commit.author}
    return {
        "id": commit.sha,
        "distinct": True,
        "message": commit.message.rstrip("\n"),
        "timestamp": commit.date,
        "url": f"{world.url}/{event.repository.full_name}/commit/{commit.sha}",
        "author": person,
        "committer": person,
        "added": commit.added,
        "removed": commit.removed,
        "modified": commit.modified,
    }


def _status(world: World, event: ForgeEvent) -> Json:
    status, sha = event.more["status"], event.more["sha"]
    heads = git.branches(event.repository.folder)
    return {
        "id": status.id,
        "sha": sha,
        "name": event.repository.full_name,
        "context": status.context,
        "description": status.description or None,
        "state": status.state,
        "target_url": status.target_url or None,
        "branches": [{"name": name, "commit": {"sha": head}} for name, head in heads.items() if head == sha],
        "created_at": when(status.created),
        "updated_at": when(status.created),
    }
