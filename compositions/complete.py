"""Completes an example: each record of the world that it holds gets the required fields that it does not say.

They come from the `records` of `stages/bases.json`, by the name of the record's type. So an example says only
what matters to it, and what a stage is given is whole.
"""

import importlib
import typing
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from compositions.annotations import MARKS, UNIONS, hints_of
from stages import world
from stages.world import SprintState, State

STAGES = Path(importlib.import_module("stages").__path__[0])
KINDS: dict[Any, tuple[Any, ...]] = {SprintState: (State, SprintState)}
"""A lane's state is a sprint's state too, so it may hold more."""
KEY = {"$key": True}
"""In a base of a record: the name under which the record stands, such as a task's id."""
LACKS = "$lacks"
"""In an example: the required fields that a record is to be without, to show what comes of that."""
Base = Callable[[str], dict[str, Any] | None]
"""The base of a record, by the name of its type; None where it has none."""
Change = Callable[[dict[str, Any], Any, str | None], dict[str, Any]]
NOTHING: Any = object()


def shapes_of(path: Path) -> dict[str, Any]:
    """What a stage takes and gives, as it is annotated; nothing is known of a file that is no stage."""
    if not path.is_relative_to(STAGES):
        return {}
    module = importlib.import_module(".".join(("stages", *path.relative_to(STAGES).with_suffix("").parts)))
    hints = hints_of(module.execute)
    return {"input": hints["input"], "output": hints["return"]}


def completed(value: Any, annotation: Any, base: Base) -> Any:
    """The value with all that its records require."""

    def fill(held: dict[str, Any], shape: Any, key: str | None) -> dict[str, Any]:
        added = defaults(shape, base, key)
        return {name: one for name, one in added.items() if name not in held.get(LACKS, ())} | held

    return changed(value, annotation, fill)


def without_marks(value: Any) -> Any:
    """The value as a stage is given it: what it lacks is not said in it."""
    if isinstance(value, list):
        return [without_marks(one) for one in value]
    if isinstance(value, dict):
        return {name: without_marks(one) for name, one in value.items() if name != LACKS}
    return value


def bare(value: Any, annotation: Any, base: Base) -> Any:
    """The value without what `completed` would add to it."""

    def strip(held: dict[str, Any], shape: Any, key: str | None) -> dict[str, Any]:
        added = defaults(shape, base, key)
        lacks = [name for name in added if name not in held]
        values = {name: one for name, one in held.items() if not same(one, added.get(name, NOTHING))}
        return ({LACKS: lacks} if lacks else {}) | values

    return changed(value, annotation, strip)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def defaults(shape: Any, base: Base, key: str | None) -> dict[str, Any]:
    """The fields of a record's base, as they are under that key."""
    name = shape.__name__
    fields = base(name) if vars(world).get(name) is shape else None
    if fields is None:
        return {}
    found = {name: named(shape, name, key) if one == KEY else one for name, one in fields.items()}
    return {name: one for name, one in found.items() if one is not NOTHING}


def named(shape: Any, field: str, key: str | None) -> Any:
    """The key as a value of that field; NOTHING where the record stands under no key that could be one."""
    if key is None or fields_of(shape)[field] is str:
        return NOTHING if key is None else key
    return int(key) if key.isdecimal() else NOTHING


def changed(value: Any, annotation: Any, change: Change, key: str | None = None) -> Any:
    """The value with each record in it changed, the outer one before those that it holds."""
    if not isinstance(value, dict | list):
        return value
    annotation = meant(value, annotation)
    origin, arguments = parts_of(annotation)
    if isinstance(value, dict) and is_record(annotation):
        hints = fields_with_kinds(annotation)
        held = change(value, annotation, key)
        return {name: changed(one, hints.get(name, Any), change) for name, one in held.items()}
    if origin is list and isinstance(value, list):
        return [changed(one, arguments[0], change) for one in value]
    if origin is dict and isinstance(value, dict):
        return {name: changed(one, arguments[1], change, name) for name, one in value.items()}
    return value


def meant(value: Any, annotation: Any) -> Any:
    """The annotation without its marks; of a union, the variant that the value is meant as."""
    origin, arguments = parts_of(annotation)
    if origin in MARKS:
        return meant(value, arguments[0])
    if origin not in UNIONS:
        return annotation
    variants = [one for part in arguments if is_for(value, one := meant(value, part))]
    return min(variants, key=lambda one: strangeness(value, one), default=Any)


def is_for(value: Any, annotation: Any) -> bool:
    """Whether such a value may be of that type: a record, if no word of it says that it is another one."""
    if not is_record(annotation):
        return parts_of(annotation)[0] is type(value)
    return isinstance(value, dict) and all(value.get(name) in words for name, words in words_of(annotation))


def strangeness(value: Any, annotation: Any) -> int:
    """How many keys a record of that type does not have."""
    if not is_record(annotation):
        return 0
    return len(value.keys() - fields_with_kinds(annotation).keys())


@cache
def parts_of(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """What it is made with, and what of."""
    return typing.get_origin(annotation), typing.get_args(annotation)


is_record = cache(typing.is_typeddict)


@cache
def words_of(shape: Any) -> list[tuple[str, tuple[Any, ...]]]:
    """The fields whose one word tells this record from others."""
    return [
        (name, words)
        for name, hint in fields_of(shape).items()
        if typing.get_origin(hint) is typing.Literal and len(words := typing.get_args(hint)) == 1
    ]


fields_of = cache(hints_of)


@cache
def fields_with_kinds(shape: Any) -> dict[str, Any]:
    return {name: hint for kind in KINDS.get(shape, (shape,)) for name, hint in fields_of(kind).items()}
