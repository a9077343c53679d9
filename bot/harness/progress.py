"""The progress of a sprint for the terminal: one line for each event of the journal that matters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shell.clock import seconds_between
from shell.event import Event


@dataclass
class ProgressLog:
    """Prints events as lines, and says how long each agent took."""

    log: Callable[[str], None]
    started: dict[tuple[str, int], str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def show(self, event: Event) -> None:
        """Print the event, once, if it deserves a line."""
        message = _MESSAGES.get(event["type"])
        if message is None or event["key"] in self.seen:
            return
        self.seen.add(event["key"])
        if event["type"] == "agent_started":
            self.started[_run(event)] = event["at"]
        line = message(event)
        # a merge comes twice: as our own result, and by its webhook
        repeated = event["type"] == "pr_merged" and line in self.seen
        if line and not repeated:
            self.seen.add(line)
            self.log(line + self._duration(event))

    def _duration(self, event: Event) -> str:
        started = self.started.get(_run(event)) if event["type"] == "agent_finished" else None
        return f" ({seconds_between(started, event['at']):.1f} s)" if started else ""


def _run(event: Event) -> tuple[str, int]:
    return event.get("task_id", ""), event.get("attempt", 0)


def _started(event: Event) -> str:
    return f"agent {event['agent_id']} starts on {event['task_id']}, attempt {event['attempt']}"


def _finished(event: Event) -> str:
    if event["outcome"] != "done":
        who = f"agent {event['agent_id']} on {event['task_id']}"
        return f"{who}: {event['outcome']}, {event.get('reason') or 'no reason given'}"
    files = ", ".join(event.get("changed") or [])
    return f"agent {event['agent_id']} wrote {files} in pull request #{event['pr_number']}"


def _review(event: Event) -> str:
    return f"sees the review of #{event['pr_number']} by {event['actor']}: {event['review_state'].lower()}"


def _performed(event: Event) -> str:
    action = event["action"]
    if action["type"] == "create_issue":
        return f"opens the issue #{event['result']['number']}, “{action['title']}”"
    if action["type"] == "close_issue":
        return f"closes the issue #{action['number']}"
    return ""


_MESSAGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "command": lambda event: f"reads /{event['name']} by {event['actor']}",
    "agent_started": _started,
    "agent_finished": _finished,
    "pr_opened": lambda event: f"sees pull request #{event['pr_number']}, which waits for a review",
    "pr_review_submitted": _review,
    "pr_merged": lambda event: f"merges #{event['pr_number']}",
    "performed": _performed,
    "refused": lambda event: f"{event['action']['type']} was refused: {event['status']} {event['message']}",
    "unavailable": lambda event: f"cannot reach {event['host']}: {event['reason']}",
}
