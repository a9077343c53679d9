"""How an attempt ends: an outcome, and a sentence that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from stages.world import Outcome

WorkLeft = Literal["push", "leave", "drop"]
"""The work of a stopped run: pushed to its branch, left here for the run that takes its place, or dropped."""


class AttemptEnded(Exception):
    """The attempt ends here, without a new pull request."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome, self.reason = outcome, reason
