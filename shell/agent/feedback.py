"""An agent's report on its own work, read from its output between two markers."""

import json
import re
from typing import Any

from shell.sanitize import read_json

START, END = "CALORON_FEEDBACK_START", "CALORON_FEEDBACK_END"
_BETWEEN = re.compile(f"{START}(.*?){END}", re.DOTALL)
_FENCE = re.compile(r"^\s*```\w*\s*|\s*```\s*$")


def read_feedback(output: str) -> dict[str, Any] | None:
    """The last feedback that is a JSON object; None is *missing*, which is not the same as content."""
    for text in reversed(_BETWEEN.findall(output)):
        try:
            found = read_json(_FENCE.sub("", text))
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return None


def format_feedback(feedback: dict[str, Any]) -> str:
    """The line that `read_feedback` reads."""
    return f"{START} {json.dumps(feedback)} {END}"
