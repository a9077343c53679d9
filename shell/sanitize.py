"""Reads JSON from others, and replaces what could not be stored again: lone surrogates."""

import json
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")
"""Lone surrogates: JSON can spell them, but no store and no forge accepts them."""


def replace_lone_surrogates(text: str) -> str:
    """The text, with U+FFFD for each lone surrogate."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def read_json(text: str) -> Any:
    """The value of a JSON text, without lone surrogates; ValueError if it is not JSON."""
    try:
        return replace_in_value(json.loads(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def replace_in_value(value: Any) -> Any:
    """The JSON value without lone surrogates."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(replace_lone_surrogates(text)) if _SURROGATES.search(text) else value
