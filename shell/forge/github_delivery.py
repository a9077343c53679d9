"""GitHub's webhook deliveries as flat events."""

from typing import Any

from shell.event import Event
from shell.forge import told
from shell.forge.shapes import Raw

_HINTS = {
    "synchronize": "synchronized",
    "unassigned": "assigned",
    "milestoned": "milestone",
    "demilestoned": "milestone",
    "review_requested": "review_request",
    "review_request_removed": "review_request",
}
_CHECKS = ("check_run", "check_suite", "workflow_run")


def read(name: str, delivery: str, payload: Raw) -> Event:
    """One delivery by its X-GitHub-Event."""
    match name:
        case "issue_comment":
            return told.commented(payload, delivery, "pull_request" in payload["issue"])
        case "issues":
            return _numbered(payload, delivery, "issue", payload["issue"]["number"])
        case "pull_request":
            return _numbered(payload, delivery, "pull", payload["pull_request"]["number"])
        case "pull_request_review" | "pull_request_review_comment" | "pull_request_review_thread":
            return told.changed_number(payload, delivery, "pull", payload["pull_request"]["number"], "review")
        case _:
            return _of_repository(name, delivery, payload)


def _of_repository(name: str, delivery: str, payload: Raw) -> Event:
    if name == "push":
        return told.pushed(payload, delivery)
    if name == "status":
        return told.changed_commit(payload, delivery, payload["sha"])
    if name in _CHECKS:
        return told.changed_commit(payload, delivery, payload[name]["head_sha"])
    if name == "repository":
        return told.repository_changed(payload, delivery)
    reason = "a ping: the hook reaches us" if name == "ping" else f"{name} is nothing that moves a sprint"
    return told.ignored(payload, reason)


def _numbered(payload: Raw, delivery: str, object_: str, number: int) -> Event:
    action: str = payload["action"]
    hint = _HINTS.get(action, action)
    return told.changed_number(payload, delivery, object_, number, hint, **_label(action, payload))


def _label(action: str, payload: Raw) -> dict[str, Any]:
    # one delivery a label, so its sender is the one who set it
    if action not in ("labeled", "unlabeled") or not payload.get("label"):
        return {}
    return {"label": payload["label"]["name"], "labelled": action == "labeled"}
