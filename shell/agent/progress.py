"""What an attempt has produced so far; its result is made of it, however it ends."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shell.agent.acp import Conversation, Usage, total
from shell.agent.acp_failures import retry_after_s
from shell.agent.feedback import read_feedback
from shell.agent.prices import charged_usd, cost_of

if TYPE_CHECKING:
    from stages.world import Cost, Outcome, RunResult, Verification

_TAIL = 4000


@dataclass
class Progress:
    """Changes, commits, turns and what they cost."""

    changed: list[str] = field(default_factory=list)
    head_sha: str | None = None
    pr_number: int | None = None
    turns: list[str] = field(default_factory=list)
    """The end of what the agent said in each turn."""
    seconds: float = 0.0
    """Of all turns."""
    verified_s: float = 0.0
    """Of all verification."""
    model: str | None = None
    conversations: list[Conversation] = field(default_factory=list)
    """One of each turn."""
    verification: "list[Verification]" = field(default_factory=list)
    """The newest."""

    def note_verification(self, found: "list[Verification]") -> None:
        """This is what the commands found now."""
        self.verification = found
        self.verified_s += sum(one["seconds"] for one in found)

    def feedback(self) -> dict[str, Any] | None:
        """What the agent reported of its work, the last time that it did."""
        reports = (read_feedback(said) for said in reversed(self.turns))
        return next((report for report in reports if report is not None), None)

    def cost(self) -> "Cost":
        """Seconds, and tokens and dollars where they are known."""
        cost: Cost = {"seconds": round(self.seconds, 1)}
        feedback = self.feedback()
        used = [one.usage for one in self.conversations if one.usage != Usage()]
        if used:
            cost |= cost_of(total(used), self.model)
        elif feedback and isinstance(tokens := feedback.get("tokens_consumed"), int):
            cost["tokens"] = tokens
        if (charged := charged_usd(cost)) is not None:
            cost["charged_usd"] = round(charged, 6)
        return cost

    def answer(self, outcome: "Outcome", reason: str) -> "RunResult":
        """The fields of `agent_finished`."""
        result: RunResult = {
            "outcome": outcome,
            "changed": [_readable(path) for path in self.changed],
            "head_sha": self.head_sha,
            "pr_number": self.pr_number,
            "reason": _readable(reason),
            "output_tail": self.turns[-1][-_TAIL:] if self.turns else "",
            "cost": self.cost(),
            "feedback": self.feedback(),
        }
        if self.verification:
            result["verification"] = self.verification
        if outcome == "quota" and (seconds := retry_after_s(reason)) is not None:
            result["retry_after_s"] = seconds
        return result


def _readable(text: str) -> str:
    """File names need not be UTF-8, but events are."""
    return text.encode(errors="replace").decode()
