"""The `caloron_feedback:` block that an agent leaves in a comment, whatever fence stands around it."""

import re
import textwrap
from typing import Any

import yaml

from shell.agent_report import bounded_report

_START = re.compile(r"^([ \t]*)caloron_feedback:", re.M)
_MOST = 20_000  # characters of a block that are read


def read_feedback(text: str) -> list[dict[str, Any] | None]:
    """Every block of a text in order; None for one that is not a valid YAML object."""
    text = text.replace("\r\n", "\n")
    return [_parsed(_block(text[start.start() :], start[1])) for start in _START.finditer(text)]


def _block(text: str, indent: str) -> str:
    """The first line and those that are indented further; a fence or any other text ends it."""
    first, *rest = text.split("\n")
    lines = [first]
    for line in rest:
        if line.strip() and not line.startswith((indent + " ", indent + "- ")):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines))[:_MOST]


def _parsed(block: str) -> dict[str, Any] | None:
    try:
        found = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, ArithmeticError, RecursionError):
        return None
    inner = found.get("caloron_feedback") if isinstance(found, dict) else None
    return bounded_report(inner) if isinstance(inner, dict) else None
