"""Gitea's webhook deliveries (and Forgejo's) as flat events."""

from shell.event import Delivered
from shell.forge import webhook_events
from shell.forge.common_read import Raw

_HINTS = {
    "label_updated": "labels",
    "label_cleared": "labels",
    "unassigned": "assigned",
    "milestoned": "milestone",
    "demilestoned": "milestone",
    "review_requested": "review_request",
    "review_request_removed": "review_request",
}
_REVIEWS = {"pull_request_approved", "pull_request_rejected", "pull_request_comment", "pull_request_review"}


def read(name: str, delivery: str, payload: Raw) -> Delivered:
    """One delivery by its X-Gitea-Event."""
    if payload.get("comment"):
        return webhook_events.commented(payload, delivery, bool(payload.get("is_pull")))
    if name in _REVIEWS or payload.get("review"):  # null on others
        return webhook_events.changed_number(
            payload, delivery, "pull", payload["pull_request"]["number"], "review"
        )
    if name.startswith("pull_request"):
        number = payload["pull_request"]["number"]
        return webhook_events.changed_number(payload, delivery, "pull", number, _hint(payload))
    if name.startswith("issue"):
        return webhook_events.changed_issue(payload, delivery, payload["issue"]["number"], _hint(payload))
    return _of_repository(name, delivery, payload)


def _of_repository(name: str, delivery: str, payload: Raw) -> Delivered:
    match name:
        case "push":
            return webhook_events.pushed(payload, delivery)
        case "status":
            return webhook_events.status_set(payload, delivery)
        case "workflow_run":
            return webhook_events.changed_commit(payload, delivery, payload["workflow_run"]["head_sha"])
        case "repository":
            return webhook_events.repository_changed(payload, delivery)
        case _:
            return webhook_events.ignored(payload, f"{name} is nothing that moves a sprint")


def _hint(payload: Raw) -> str:
    action: str = payload["action"]
    return _HINTS.get(action, action)
