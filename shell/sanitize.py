"""Reads JSON from others: finite numbers in range, bounded depth, no lone surrogates."""

import json
import math
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]")
"""Lone surrogates: JSON can spell them, but no store and no forge accepts them."""

LARGEST = 2**63 - 1
"""The largest whole number that forges and stores can hold."""
DEEPEST = 64
_DIGITS = 20
_REAL = 64


def replace_lone_surrogates(text: str) -> str:
    """The text, with U+FFFD for each lone surrogate."""
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text, without lone surrogates; ValueError if it is not JSON or out of bounds."""
    return replace_in_value(read_bounded(text))


def read_bounded(text: str | bytes) -> Any:
    """The same with its surrogates."""
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _is_deeper(value, DEEPEST):
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    return value


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS or abs(value := int(digits)) > LARGEST:
        raise ValueError(f"the number {digits[:_DIGITS]}… is out of range")
    return value


def _real(digits: str) -> float:
    if len(digits) > _REAL or not math.isfinite(value := float(digits)):
        raise ValueError(f"the number {digits[:_DIGITS]}… is out of range")
    return value


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _is_deeper(value: Any, most: int) -> bool:
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        if depth > most:
            return True
        level = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]
    return False


def replace_in_value(value: Any) -> Any:
    """The JSON value without lone surrogates."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(replace_lone_surrogates(text)) if _SURROGATES.search(text) else value
