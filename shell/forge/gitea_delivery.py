"""Gitea's webhook deliveries (and Forgejo's) as flat events."""

from shell.event import Event
from shell.forge import told
from shell.forge.shapes import Raw

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


def read(name: str, delivery: str, payload: Raw) -> Event:
    """One delivery by its X-Gitea-Event."""
    if payload.get("comment"):
        return told.commented(payload, delivery, bool(payload.get("is_pull")))
    if name in _REVIEWS or payload.get("review"):  # null on others
        return told.changed_number(payload, delivery, "pull", payload["pull_request"]["number"], "review")
    if name.startswith("pull_request"):
        number = payload["pull_request"]["number"]
        return told.changed_number(payload, delivery, "pull", number, _hint(payload))
    if name.startswith("issue"):
        return told.changed_issue(payload, delivery, payload["issue"]["number"], _hint(payload))
    return _of_repository(name, delivery, payload)


def _of_repository(name: str, delivery: str, payload: Raw) -> Event:
    match name:
        case "push":
            return told.pushed(payload, delivery)
        case "status":
            return told.changed_commit(payload, delivery, payload["sha"])
        case "workflow_run":
            return told.changed_commit(payload, delivery, payload["workflow_run"]["head_sha"])
        case "repository":
            return told.repository_changed(payload, delivery)
        case _:
            return told.ignored(payload, f"{name} is nothing that moves a sprint")


def _hint(payload: Raw) -> str:
    action: str = payload["action"]
    return _HINTS.get(action, action)
