"""How a run can fail: what was wrong, in which stage, and how far it came."""

from collections.abc import Callable

from compositions.trace import Record


class CompositionError(Exception):
    """A composition could not be run to its end: which stage, and its words."""

    def __init__(self, message: str, stage: str | None = None, words: str | None = None) -> None:
        super().__init__(message)
        self.stage = stage
        self.words = words if words is not None else message
        self.record: Record | None = None  # how far it came


class StageFailed(CompositionError):
    """A stage raised; what it raised is the cause."""

    def __init__(self, name: str, stage_id: Callable[[], str], words: str) -> None:
        super().__init__(f"stage {name} failed: {words}", name, words)
        self.stage_id = stage_id


class OverBudget(CompositionError):
    """A stage would have cost more than is allowed."""
