"""How an attempt ends: an outcome, and a sentence that says why."""

from typing import Literal

Outcome = Literal[
    "done",
    "no_change",
    "out_of_scope",
    "protected",
    "push_rejected",
    "failed",
    "crashed",
    "timeout",
    "stopped",
]


class AttemptEnded(Exception):
    """The attempt ends here, without a new pull request."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome, self.reason = outcome, reason
