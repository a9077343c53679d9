"""A lane's state as fields of one hash: one field per top-level key, and per member of the large maps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shell.store import migrations
from shell.store.connection import write
from shell.store.migrations import Json, Stored

if TYPE_CHECKING:
    from stages.world import State


def empty() -> State:
    """The state of a lane in which nothing has happened yet."""
    return {
        "v": migrations.VERSION,
        "tasks": {},
        "issues": {},
        "pulls": {},
        "shown": {},
        "kickoffs": {},
        "waiting": {},
        "own": {},
    }


MAPS = tuple(name for name in empty() if name != "v")
"""The large maps of a state."""


def join(
    raw: Mapping[str, str], known: Mapping[str, str], parts: Mapping[str, Json]
) -> tuple[Stored, dict[str, Json]]:
    """The state that the fields make up, in its stored form, and each field's parsed value."""
    values = {
        field: parts[field] if known.get(field) == text else _value(field, text)
        for field, text in raw.items()
    }
    state: Stored = {**empty(), **({"v": migrations.FIRST_VERSION} if raw else {})}
    for field, value in values.items():
        name, slash, member = field.partition("/")
        if slash:
            state[name][member] = value
        else:
            state[name] = value
    return state, values


def _value(field: str, text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"the field {field} of a state is damaged: {error}") from error


def damaged(raw: Mapping[str, str]) -> list[str]:
    """The fields that are damaged."""
    return sorted(field for field, text in raw.items() if not _sound(field, text))


def _sound(field: str, text: str) -> bool:
    name, slash, _ = field.partition("/")
    try:
        f"{field}{write(json.loads(text))}".encode()
    except ValueError:
        return False
    return (name in MAPS) == bool(slash)


def differences(old: State | Stored, new: State | Stored) -> dict[str, Json]:
    """The fields of `new` that differ from `old` with their values; `GONE` where one was removed."""
    changed: dict[str, Json] = {}
    for name in old.keys() | new.keys():
        before, after = old.get(name, GONE), new.get(name, GONE)
        if before is after:
            continue
        if name in MAPS:
            changed |= _members(name, before, after)
        elif before != after:
            changed[name] = after
    return changed


def _members(name: str, before: Json, after: Json) -> dict[str, Json]:
    before, after = (_map(name, value) for value in (before, after))
    new = {
        f"{name}/{member}": value
        for member, value in after.items()
        if (old := before.get(member, GONE)) is not value and old != value
    }
    return new | {f"{name}/{member}": GONE for member in before if member not in after}


def _map(name: str, value: Json) -> dict[str, Json]:
    if value is GONE or value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"{name} of a lane's state is a map, not {type(value).__name__}")
    return value


class _Gone:
    def __repr__(self) -> str:
        return "GONE"


GONE: Json = _Gone()


def texts(changed: Mapping[str, Json]) -> dict[str, str | None]:
    """The changed fields as text; None where a field is removed."""
    return {field: None if value is GONE else write(value) for field, value in changed.items()}
