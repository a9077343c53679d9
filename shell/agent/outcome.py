"""How an attempt ends: an outcome, and a sentence that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.world import Outcome


class AttemptEnded(Exception):
    """The attempt ends here, without a new pull request."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome, self.reason = outcome, reason
