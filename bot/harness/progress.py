"""What happens in a sprint, told live: the store's journal in one line an event."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shell.clock import seconds_between
from shell.event import Event


@dataclass
class Teller:
    """Turns events into lines; remembers when each agent began, to say how long it took."""

    say: Callable[[str], None]
    began: dict[tuple[str, int], str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def tell(self, event: Event) -> None:
        """Say the event, once, if it is worth a line."""
        words = _WORDS.get(event["type"])
        if words is None or event["key"] in self.told:
            return
        self.told.add(event["key"])
        if event["type"] == "agent_started":
            self.began[_run(event)] = event["at"]
        line = words(event)
        again = event["type"] == "pr_merged" and line in self.told  # our answer and the webhook both tell it
        if line and not again:
            self.told.add(line)
            self.say(line + self._took(event))

    def _took(self, event: Event) -> str:
        begun = self.began.get(_run(event)) if event["type"] == "agent_finished" else None
        return f" ({seconds_between(begun, event['at']):.1f} s)" if begun else ""


def _run(event: Event) -> tuple[str, int]:
    return event.get("task_id", ""), event.get("attempt", 0)


def _started(event: Event) -> str:
    return f"agent {event['agent_id']} starts on {event['task_id']}, attempt {event['attempt']}"


def _finished(event: Event) -> str:
    if event["outcome"] != "done":
        who = f"agent {event['agent_id']} on {event['task_id']}"
        return f"{who}: {event['outcome']}, {event.get('reason') or 'no reason given'}"
    files = ", ".join(event.get("changed") or [])
    return f"agent {event['agent_id']} wrote {files}; pull request #{event['pr_number']}"


def _review(event: Event) -> str:
    return f"sees the review of #{event['pr_number']} by {event['actor']}: {event['review_state'].lower()}"


def _performed(event: Event) -> str:
    action = event["action"]
    if action["type"] == "create_issue":
        return f"opens the issue #{event['result']['number']}, “{action['title']}”"
    if action["type"] == "close_issue":
        return f"closes the issue #{action['number']}"
    return ""


_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "command": lambda event: f"reads /{event['name']} of {event['actor']}",
    "agent_started": _started,
    "agent_finished": _finished,
    "pr_opened": lambda event: f"sees pull request #{event['pr_number']}: it waits for its review",
    "pr_review_submitted": _review,
    "pr_merged": lambda event: f"merged #{event['pr_number']}",
    "performed": _performed,
    "refused": lambda event: f"was refused: {event['action']['type']}, {event['status']} {event['message']}",
    "unavailable": lambda event: f"cannot reach {event['host']}: {event['reason']}",
}
