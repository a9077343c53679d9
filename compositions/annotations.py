"""Types out of Python's annotations: what a stage's `execute` says it takes and gives."""

import types
import typing
from collections.abc import Callable
from typing import Any

from compositions.ntype import ANY, BOOL, BYTES, NULL, NUMBER, TEXT, NType, list_of, map_of, record, union

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
    hints = typing.get_type_hints(execute, include_extras=True)
    output = hints.pop("return", None)
    if len(hints) != 1 or output is None:
        raise Untypable(f"{execute.__module__}: execute must be annotated: one input, one output")
    (given,) = hints.values()
    return type_of(given), type_of(output)


def type_of(annotation: Any, within: tuple[Any, ...] = ()) -> NType:
    """The type that an annotation means; a shape that holds itself is Any from there on."""
    if typing.is_typeddict(annotation):
        return ANY if annotation in within else shape(annotation, (*within, annotation))
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        if annotation in PLAIN:
            return PLAIN[annotation]
        raise Untypable(f"{annotation!r} has no type in a graph")
    if origin is typing.Literal:
        return union(PLAIN[type(value)] for value in arguments)
    if origin in MARKS:
        return type_of(arguments[0], within)
    parts = [type_of(part, within) for part in arguments if part is not Ellipsis]
    if origin in UNIONS:
        return either(parts)
    if origin is dict:
        return map_of(*parts)
    if origin is list or (origin is tuple and len(parts) == 1):
        return list_of(parts[0])
    raise Untypable(f"{annotation!r} has no type in a graph")


def either(variants: list[NType]) -> NType:
    """Any of the variants; where one of them is anything, so is the whole."""
    return ANY if ANY in variants else union(variants)


def shape(shape: Any, within: tuple[Any, ...]) -> NType:
    """The record of a TypedDict; a key that may be missing is one that may be null."""
    hints = typing.get_type_hints(shape, include_extras=True)
    fields = {name: type_of(hint, within) for name, hint in hints.items()}
    return record(
        {
            name: field if name in shape.__required_keys__ else either([NULL, field])
            for name, field in fields.items()
        }
    )
