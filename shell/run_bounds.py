"""The bounds of what a run reports of itself: an agent's words and figures are among it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard, cast

from shell.sanitize import replace_lone_surrogates
from shell.secrets import masked_start

if TYPE_CHECKING:
    from stages.world import Cost, RunResult

MOST_PATHS = 500
LONGEST_PATH = 1000
LONGEST_REASON = 4000
MOST_USED = 10**12
"""Of each unit that a run's cost is counted in."""
LONGEST_PAUSE_S = 30 * 86400.0


def bounded_result(result: RunResult) -> RunResult:
    """The result with its lists and texts cut, and without figures that none can be."""
    bounded = result.copy()
    if "changed" in result:
        bounded["changed"] = [_cut(path, LONGEST_PATH) for path in result["changed"][:MOST_PATHS]]
    if reason := result.get("reason"):
        bounded["reason"] = _cut(reason, LONGEST_REASON)
    if "cost" in result:
        cost = {unit: used for unit, used in result["cost"].items() if within(used, MOST_USED)}
        bounded["cost"] = cast("Cost", cost)
    if not within(result.get("retry_after_s"), LONGEST_PAUSE_S):
        bounded.pop("retry_after_s", None)
    return bounded


def within(number: object, most: float) -> TypeGuard[int | float]:
    """Whether it is a number, which true and false are not, from nothing up to `most`."""
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number <= most


def _cut(text: str, longest: int) -> str:
    shown = masked_start(replace_lone_surrogates(text), longest + 1)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
