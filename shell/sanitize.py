"""JSON that others wrote: read, and made such that it can be written down again."""

import json
import re
from typing import Any

_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of signs; JSON can spell one that stands alone, but no store and no forge takes it."""


def replace_lone_surrogates(text: str) -> str:
    """The text; what is only half a sign becomes the sign for what cannot be read."""
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", text)


def read_json(text: str) -> Any:
    """The value of a JSON text, of whole signs only; ValueError where it is none."""
    try:
        return replace_in_value(json.loads(text))
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def replace_in_value(value: Any) -> Any:
    """The JSON value with whole signs only."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(replace_lone_surrogates(text)) if _HALVES.search(text) else value
