"""GitHub's webhook deliveries as flat events."""

from typing import Any

from shell.event import Delivered
from shell.forge import webhook_events
from shell.forge.common_read import Raw

_HINTS = {
    "synchronize": "synchronized",
    "unassigned": "assigned",
    "milestoned": "milestone",
    "demilestoned": "milestone",
    "review_requested": "review_request",
    "review_request_removed": "review_request",
}
_CHECKS = ("check_run", "check_suite", "workflow_run")


def read(name: str, delivery: str, payload: Raw) -> Delivered:
    """One delivery by its X-GitHub-Event."""
    match name:
        case "issue_comment":
            return webhook_events.commented(payload, delivery, "pull_request" in payload["issue"])
        case "issues":
            number = payload["issue"]["number"]
            return webhook_events.changed_issue(payload, delivery, number, _hint(payload), **_label(payload))
        case "pull_request":
            number = payload["pull_request"]["number"]
            return webhook_events.changed_number(
                payload, delivery, "pull", number, _hint(payload), **_label(payload)
            )
        case "pull_request_review" | "pull_request_review_comment" | "pull_request_review_thread":
            return webhook_events.changed_number(
                payload, delivery, "pull", payload["pull_request"]["number"], "review"
            )
        case _:
            return _of_repository(name, delivery, payload)


def _of_repository(name: str, delivery: str, payload: Raw) -> Delivered:
    if name == "push":
        return webhook_events.pushed(payload, delivery)
    if name == "status":
        return webhook_events.status_set(payload, delivery)
    if name in _CHECKS:
        return webhook_events.changed_commit(payload, delivery, payload[name]["head_sha"])
    if name == "repository":
        return webhook_events.repository_changed(payload, delivery)
    reason = "a ping: the hook reaches us" if name == "ping" else f"{name} is nothing that moves a sprint"
    return webhook_events.ignored(payload, reason)


def _hint(payload: Raw) -> str:
    action: str = payload["action"]
    return _HINTS.get(action, action)


def _label(payload: Raw) -> dict[str, Any]:
    # one delivery a label, so its sender is the one who set it
    action: str = payload["action"]
    if action not in ("labeled", "unlabeled") or not payload.get("label"):
        return {}
    return {"label": payload["label"]["name"], "labelled": action == "labeled"}
