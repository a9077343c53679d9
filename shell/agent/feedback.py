"""An agent's report on its own work, read from its output between two markers."""

import json
import re
from typing import Any

from shell.agent_report import bounded_report

START, END = "CALORON_FEEDBACK_START", "CALORON_FEEDBACK_END"
_BETWEEN = re.compile(f"{START}(.*?){END}", re.DOTALL)
_DIGITS = 40
_FENCE = re.compile(r"^\s*```\w*\s*|\s*```\s*$")


def read_feedback(output: str) -> dict[str, Any] | None:
    """The last feedback that is a JSON object; None is *missing*, which is not the same as content."""
    for text in reversed(_BETWEEN.findall(output)):
        try:
            found = json.loads(_FENCE.sub("", text), parse_int=_number, parse_float=_number)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return bounded_report(found)
    return None


def _number(digits: str) -> int | float | None:
    """A number that no report needs is none, and the rest of the report still counts."""
    if len(digits) > _DIGITS:
        return None
    return int(digits) if digits.lstrip("-").isdigit() else float(digits)


def format_feedback(feedback: dict[str, Any]) -> str:
    """The line that `read_feedback` reads."""
    return f"{START} {json.dumps(feedback)} {END}"
