"""The progress of a sprint for the terminal: one line for each event of the journal that matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shell.clock import seconds_between
from shell.event import Event
from shell.store.ledger import Migrated

if TYPE_CHECKING:
    from stages.world import AgentFinished, AgentStarted, Performed


@dataclass
class ProgressLog:
    """Prints events as lines, and says how long each agent took."""

    log: Callable[[str], None]
    started: dict[tuple[str, int | None], str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def show(self, event: Event | Migrated) -> None:
        """Print the event, once, if it deserves a line."""
        if event["type"] == "state_migrated" or event["key"] in self.seen:
            return
        line = _message(event)
        if not line:
            return
        self.seen.add(event["key"])
        if event["type"] == "agent_started":
            self.started[_run(event)] = event["at"]
        # a merge comes twice: as our own result, and by its webhook
        repeated = event["type"] == "pr_merged" and line in self.seen
        if not repeated:
            self.seen.add(line)
            self.log(line + self._duration(event))

    def _duration(self, event: Event) -> str:
        started = self.started.get(_run(event)) if event["type"] == "agent_finished" else None
        return f" ({seconds_between(started, event['at']):.1f} s)" if started else ""


def _run(event: AgentStarted | AgentFinished) -> tuple[str, int | None]:
    return event["task_id"], event["attempt"]


def _message(event: Event) -> str:
    """What the event says in a line; empty where it deserves none."""
    match event["type"]:
        case "command":
            return f"reads /{event['name']} by {event['actor']}"
        case "agent_started":
            return f"agent {event['agent_id']} starts on {event['task_id']}, attempt {event['attempt']}"
        case "agent_finished":
            return _finished(event)
        case "pr_opened":
            return f"sees pull request #{event['pr_number']}, which waits for a review"
        case "pr_review_submitted":
            verdict = event["review_state"]
            return f"sees the review of #{event['pr_number']} by {event['actor']}: {verdict}"
        case "pr_merged":
            return f"merges #{event['pr_number']}"
        case "performed":
            return _performed(event)
        case "refused":
            return f"{event['action']['type']} was refused: {event['status']} {event['message']}"
        case "unavailable":
            return f"cannot reach {event['host']}: {event['reason']}"
        case _:
            return ""


def _finished(event: AgentFinished) -> str:
    if event["outcome"] != "done":
        who = f"agent {event['agent_id']} on {event['task_id']}"
        return f"{who}: {event['outcome']}, {event.get('reason') or 'no reason given'}"
    files = ", ".join(event.get("changed") or [])
    return f"agent {event['agent_id']} wrote {files} in pull request #{event['pr_number']}"


def _performed(event: Performed) -> str:
    action = event["action"]
    if action["type"] == "create_issue":
        return f"opens the issue #{event['result']['number']}, “{action['title']}”"
    if action["type"] == "close_issue":
        return f"closes the issue #{action['number']}"
    return ""
