"""Checks a value strictly against its annotation: its keys are the declared ones, and each has its type."""

import typing
from collections.abc import Iterator
from typing import Any

from compositions.annotations import MARKS, UNIONS, is_required
from compositions.complete import fields_of, fields_with_kinds
from stages import world

PLAIN: dict[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int,),
    float: (int, float),
    str: (str,),
    None: (type(None),),
    type(None): (type(None),),
    dict: (dict,),
    list: (list,),
}


def faults(value: Any, annotation: Any, at: str = "") -> Iterator[str]:
    """What is wrong with the value, each fault with its place."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in (Any, object):
        return
    if typing.is_typeddict(annotation):
        yield from record_faults(value, annotation, at)
    elif origin in MARKS:
        yield from faults(value, arguments[0], at)
    elif origin in UNIONS:
        yield from nearest(value, arguments, at)
    elif origin is typing.Literal:
        if not any(value == one and type(value) is type(one) for one in arguments):
            yield f"{at}: {value!r:.60} is none of {arguments}"
    elif origin in (list, dict):
        yield from parts(value, origin, arguments, at)
    elif type(value) not in PLAIN[annotation]:
        yield f"{at}: {value!r:.60} is no {getattr(annotation, '__name__', annotation)}"


def parts(value: Any, origin: type, arguments: tuple[Any, ...], at: str) -> Iterator[str]:
    if not isinstance(value, origin):
        yield f"{at}: {value!r:.60} is no {origin.__name__}"
        return
    held: Any = value
    for key, part in held.items() if origin is dict else enumerate(held):
        yield from faults(part, arguments[-1], f"{at}/{key}")


def record_faults(value: Any, shape: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {value!r:.60} is no {shape.__name__}"
        return
    hints = fields_with_kinds(shape)
    for name, hint in hints.items():
        if name in value:
            yield from faults(value[name], hint, f"{at}/{name}")
        elif name in shape.__annotations__ and is_required(shape, name, hint):
            yield f"{at}: {shape.__name__} lacks {name!r}"
    if not is_excerpt(shape):
        yield from (f"{at}: {shape.__name__} has no {name!r}" for name in value if name not in hints)


def is_excerpt(shape: Any) -> bool:
    """Whether a stage declares only what it reads of a record that others write: all of it optional."""
    return shape.__module__ != world.__name__ and not shape.__required_keys__


def nearest(value: Any, variants: tuple[Any, ...], at: str) -> Iterator[str]:
    """The faults against the variant that is meant: of records the one it names, or the nearest."""
    tried = []
    for variant in variants:
        found = list(faults(value, variant, at))
        if not found:
            return
        tried.append((distance(value, variant), len(found), found))
    yield from min(tried, key=lambda one: one[:2])[2]


def distance(value: Any, variant: Any) -> int:
    """How far it is from being meant: another kind of value, a record that another word names, or near."""
    if not typing.is_typeddict(variant):
        return 3 if isinstance(value, dict) and typing.get_origin(variant) is not dict else 2
    if not isinstance(value, dict):
        return 3
    words = ((name, typing.get_args(hint)) for name, hint in fields_of(variant).items() if is_word(hint))
    return sum(value.get(name) not in allowed for name, allowed in words)


def is_word(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Literal and len(typing.get_args(hint)) == 1


def required_of(shape: Any) -> set[str]:
    """The fields that such a record always has."""
    return {name for name, hint in fields_of(shape).items() if is_required(shape, name, hint)}
