"""Types out of Python's annotations: what a stage's `execute` says it takes and gives."""

import sys
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

from compositions.ntype import (
    ANY,
    BOOL,
    BYTES,
    NULL,
    NUMBER,
    TEXT,
    NType,
    list_of,
    map_of,
    one_of_text,
    record,
    union,
)
from stages import world

PLAIN: dict[Any, NType] = {
    Any: ANY,
    object: ANY,
    bool: BOOL,
    bytes: BYTES,
    None: NULL,
    type(None): NULL,
    int: NUMBER,
    float: NUMBER,
    str: TEXT,
    dict: ANY,
    list: list_of(ANY),
}
MARKS = (typing.Required, typing.NotRequired, typing.Annotated)
UNIONS = (typing.Union, types.UnionType)


class Untypable(TypeError):
    """The annotation has no type in a graph; the text says which."""


def types_of(execute: Callable[[Any], Any]) -> tuple[NType, NType]:
    """Input and output type of a stage's function."""
    hints = hints_of(execute)
    output = hints.pop("return", None)
    if len(hints) != 1 or output is None:
        raise Untypable(f"{execute.__module__}: execute must be annotated: one input, one output")
    (given,) = hints.values()
    return type_of(given), type_of(output)


def hints_of(annotated: Any) -> dict[str, Any]:
    """The annotations of a function or a shape; its own module's names come before those of the world."""
    module = sys.modules.get(annotated.__module__)
    names = {**vars(world), **(vars(module) if module else {})}
    return typing.get_type_hints(annotated, localns=names, include_extras=True)


def type_of(annotation: Any, within: tuple[Any, ...] = (), brief: bool = False) -> NType:
    """The type that an annotation means; a shape that holds itself is Any from there on."""
    if typing.is_typeddict(annotation):
        if annotation.__module__ == world.__name__:
            return of_world(annotation, brief or tells_its_type(annotation))
        return ANY if annotation in within else shape(annotation, (*within, annotation))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        if annotation in PLAIN:
            return PLAIN[annotation]
        raise Untypable(f"{annotation!r} has no type in a graph")
    if origin is typing.Literal:
        return literal(arguments)
    if origin in MARKS:
        return type_of(arguments[0], within, brief)
    parts = [type_of(part, within, brief) for part in arguments if part is not Ellipsis]
    if origin in UNIONS:
        return either(parts)
    if origin is dict:
        return map_of(*parts)
    if origin is list or (origin is tuple and len(parts) == 1):
        return list_of(parts[0])
    raise Untypable(f"{annotation!r} has no type in a graph")


def literal(values: tuple[Any, ...]) -> NType:
    """One word tells records apart, so it is kept; one of several is only a text, which any text may be."""
    if len(values) == 1 and isinstance(values[0], str):
        return one_of_text(values[0])
    return union(PLAIN[type(value)] for value in values)


def either(variants: list[NType]) -> NType:
    """Any of the variants; where one of them is anything, so is the whole.

    A word beside others is only a text: in a union the engine does not take a refined type even for itself.
    """
    plain = [one.value[0] if one.kind == "Refined" else one for one in variants]
    return ANY if ANY in plain else union(plain)


def shape(shape: Any, within: tuple[Any, ...], brief: bool = False) -> NType:
    """The record of a TypedDict; a key that may be missing may be null, or if `brief` is left out."""
    fields: dict[str, NType] = {}
    for name, hint in hints_of(shape).items():
        if is_required(shape, name, hint):
            fields[name] = type_of(hint, within, brief)
        elif not brief:
            fields[name] = either([NULL, type_of(hint, within)])
    return record(fields)


def is_required(shape: Any, name: str, hint: Any) -> bool:
    """By the field's own mark: where annotations are read late, Python does not count that in."""
    if (mark := typing.get_origin(hint)) in (typing.Required, typing.NotRequired):
        return mark is typing.Required
    return name in shape.__required_keys__


def tells_its_type(declared: Any) -> bool:
    """Whether it is an event or an action."""
    return "type" in hints_of(declared)


@cache
def of_world(declared: Any, brief: bool) -> NType:
    """The record of one of the world's shapes, made once.

    Events and actions are `brief`, with all that they hold: with everything that may be there, a turn would
    have thousands of fields, which the real engine reads and writes for every run. All other records have no
    `type`, and that is said: more fields than expected are fine, so an event would be taken for one of them.
    """
    made = shape(declared, (), brief)
    return made if tells_its_type(declared) else record({**made.value, "type": NULL})
