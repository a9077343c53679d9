"""What a run did, stage by stage; the hashes of its values are only made when somebody reads them."""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

# Whatever JSON's writer spells otherwise than the engine: exponents, and whole numbers beyond 64 bits.
UNUSUAL = re.compile(r"\d[eE]|\d{19}|NaN|Infinity")


class Leaf(NamedTuple):
    """The place in the graph at which a stage stands."""

    name: str
    path: str
    stage_id: Callable[[], str]


class Entry(NamedTuple):
    """One execution of one stage."""

    leaf: Leaf
    step: int
    given: Any
    output: Any
    nanoseconds: int
    error: Exception | None = None


class Record:
    """All of a run that a trace is made of, and what it has spent."""

    __slots__ = ("budget", "entries", "hits", "misses", "nanoseconds", "spent", "started_at")

    def __init__(self, started_at: float, budget: int | None = None) -> None:
        self.started_at = started_at
        self.entries: list[Entry] = []
        self.nanoseconds = 0
        self.misses = 0
        self.hits = 0
        self.budget = budget
        self.spent = 0


class Frame:
    """One line of execution: its own count of steps, and the run that it belongs to."""

    __slots__ = ("record", "remembered", "step")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.step = 0
        self.remembered: dict[int, list[tuple[Any, Any]]] = {}


def compact(value: Any) -> str:
    """The value as compact JSON with sorted keys, numbers written as the engine writes them."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return write(value) if UNUSUAL.search(text) else text


def write(value: Any) -> str:
    match value:
        case dict():
            members = (f"{write(str(key))}:{write(value[key])}" for key in sorted(value))
            return "{" + ",".join(members) + "}"
        case list() | tuple():
            return "[" + ",".join(write(item) for item in value) + "]"
        case bool() | None | str():
            return json.dumps(value, ensure_ascii=False)
        case int() if -(2**63) <= value < 2**64:
            return str(value)
        case _:
            return write_float(float(value))


def write_float(value: float) -> str:
    """The shortest digits that give the number back; exponents from 1e16 on and below 1e-5."""
    if value != value or value in (float("inf"), float("-inf")):
        return "null"
    mantissa, _, exponent = repr(value).partition("e")
    if not exponent:
        return mantissa
    power = int(exponent)
    if power == -5:
        sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
        return f"{sign}0.0000{digits.replace('.', '')}"
    return f"{mantissa}e{power:+d}"


def hash_of(value: Any) -> str:
    """SHA-256 over the compact JSON; half a sign, which no UTF-8 has, is spelled as JSON escapes it."""
    from hashlib import sha256

    return sha256(compact(value).encode(errors="backslashreplace")).hexdigest()


def make_trace(record: Record, composition_id: str) -> dict[str, Any]:
    """The trace as the engine tells it, with each stage's name and place in the graph beside."""
    known: dict[int, str] = {}

    def hashed(value: Any) -> str:
        if id(value) not in known:
            known[id(value)] = hash_of(value)
        return known[id(value)]

    failed = any(entry.error for entry in record.entries)
    return {
        "composition_id": composition_id,
        "started_at": iso(record.started_at),
        "duration_ms": record.nanoseconds / 1e6,
        "status": "Failed" if failed else "Ok",
        "stages": [trace_entry(entry, hashed) for entry in record.entries],
    }


def iso(moment: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def trace_entry(entry: Entry, hashed: Callable[[Any], str]) -> dict[str, Any]:
    status: Any = "Ok"
    stage_id = entry.leaf.stage_id()
    if entry.error is not None:
        words = f'stage StageId("{stage_id}") failed: {entry.error}'
        status = {"Failed": {"code": "EXECUTION_ERROR", "message": words}}
    return {
        "stage_id": stage_id,
        "name": entry.leaf.name,
        "path": entry.leaf.path,
        "step_index": entry.step,
        "status": status,
        "duration_ms": entry.nanoseconds / 1e6,
        "input_hash": hashed(entry.given),
        "output_hash": None if entry.error is not None else hashed(entry.output),
    }
