"""Why an attempt ends before its pull request: one outcome and one sentence."""

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
    """The attempt ends here."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome, self.reason = outcome, reason
