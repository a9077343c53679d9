"""Types as the engine knows them: their JSON, how they are written for people, and their order."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from compositions.quoting import debug

PRIMITIVES = ("Any", "Bool", "Bytes", "Null", "Number", "Text", "VNode")
# The order in which unions are sorted.
RANKS = {
    kind: rank
    for rank, kind in enumerate(
        (
            *("Any", "Bool", "Bytes", "List", "Map", "Null", "Number", "Record"),
            *("Stream", "Text", "Union", "VNode", "Var", "RecordWith", "Refined"),
        )
    )
}


REFINEMENTS = ("Range", "OneOf", "NonEmpty")


class TypeFault(ValueError):
    """The JSON is not a type."""


class NType(NamedTuple):
    """One type. The value: the element of a List or Stream; key and value of a Map; the fields of a Record by
    name; the variants of a Union; the name of a Var; fields and rest of a RecordWith; base and refinement."""

    kind: str
    value: Any = None

    def __str__(self) -> str:
        return display(self)


ANY, BOOL, BYTES, NULL, NUMBER, TEXT, VNODE = (NType(kind) for kind in PRIMITIVES)


def list_of(element: NType) -> NType:
    return NType("List", element)


def map_of(key: NType, value: NType) -> NType:
    return NType("Map", (key, value))


def record(fields: Mapping[str, NType]) -> NType:
    return NType("Record", dict(sorted(fields.items())))


def record_with(fields: Mapping[str, NType], rest: str) -> NType:
    return NType("RecordWith", (dict(sorted(fields.items())), rest))


def one_of_text(word: str) -> NType:
    """The text that is this word."""
    return NType("Refined", (TEXT, {"kind": "OneOf", "options": [word]}))


def union(variants: Iterable[NType]) -> NType:
    """The variants flattened by one level, sorted, each once; one stands for itself, none is Null."""
    flat = {order(variant): variant for given in variants for variant in variants_of(given)}
    ordered: list[NType] = []
    for variant in (flat[key] for key in sorted(flat)):
        # 0.0 and -0.0 are sorted apart and yet the same; the earlier stays.
        if not ordered or not same(ordered[-1], variant):
            ordered.append(variant)
    if len(ordered) < 2:
        return ordered[0] if ordered else NULL
    return NType("Union", tuple(ordered))


def same(one: Any, other: Any) -> bool:
    """Equal as the engine compares JSON: 1, 1.0 and true are three values, but 0.0 and -0.0 are one."""
    if type(one) is not type(other):
        return False
    match one:
        case dict():
            return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
        case list() | tuple():
            return len(one) == len(other) and all(map(same, one, other))
        case _:
            return bool(one == other)


def variants_of(given: NType) -> Iterable[NType]:
    variants: tuple[NType, ...] = given.value if given.kind == "Union" else (given,)
    return variants


def order(given: NType) -> tuple[Any, ...]:
    """What to sort by: the kind, then the content."""
    rank = RANKS[given.kind]
    match given.kind, given.value:
        case (("List" | "Stream"), NType() as element):
            return rank, order(element)
        case "Map", (key, value):
            return rank, order(key), order(value)
        case "Record", fields:
            return rank, tuple((name, order(field)) for name, field in fields.items())
        case "Union", variants:
            return rank, tuple(map(order, variants))
        case "RecordWith", (fields, rest):
            return rank, tuple((name, order(field)) for name, field in fields.items()), rest
        case "Refined", (base, refinement):
            return rank, order(base), refinement_text(refinement)
        case _, value:
            return (rank, value or "")


def refinement_text(refinement: Mapping[str, Any]) -> str:
    """The refinement as the engine writes it, its kind first: that text is what it sorts by."""
    from compositions.trace import compact

    return "{" + ",".join(f'"{name}":{compact(value)}' for name, value in refinement.items()) + "}"


def display(given: NType) -> str:
    """The type as people read it."""
    match given.kind, given.value:
        case (("List" | "Stream"), element):
            return f"{given.kind}<{element}>"
        case "Map", (key, value):
            return f"Map<{key}, {value}>"
        case "Record", fields:
            return f"Record {{ {', '.join(f'{name}: {field}' for name, field in fields.items())} }}"
        case "Union", variants:
            return " | ".join(map(str, variants))
        case "Var", name:
            return f"<{name}>"
        case "RecordWith", (fields, rest):
            known = "".join(f"{name}: {field}, " for name, field in fields.items())
            return f"Record {{ {known}...<{rest}> }}"
        case "Refined", (base, refinement):
            return f"{base} | {display_refinement(refinement)}"
        case _:
            return given.kind


def display_refinement(refinement: Mapping[str, Any]) -> str:
    match refinement["kind"]:
        case "Range":
            low, high = refinement.get("min"), refinement.get("max")
            upper = "" if high is None else f"={plain(high)}"
            return f"Range({'' if low is None else plain(low)}..{upper})"
        case "OneOf":
            from compositions.trace import compact

            return f"OneOf[{', '.join(map(compact, refinement['options']))}]"
        case kind:
            return str(kind)


def plain(number: float) -> str:
    """The shortest digits of a number, without an empty fraction or an exponent."""
    from decimal import Decimal

    return format(Decimal(repr(float(number))), "f").removesuffix(".0")


def to_json(given: NType) -> dict[str, Any]:
    """The type's full JSON."""
    match given.kind, given.value:
        case (("List" | "Stream"), element):
            value: Any = to_json(element)
        case "Map", (key, item):
            value = {"key": to_json(key), "value": to_json(item)}
        case "Record", fields:
            value = fields_json(fields)
        case "Union", variants:
            value = list(map(to_json, variants))
        case "RecordWith", (fields, rest):
            value = {"fields": fields_json(fields), "rest": rest}
        case "Refined", (base, refinement):
            value = {"base": to_json(base), "refinement": refinement}
        case "Var", name:
            value = name
        case _:
            return {"kind": given.kind}
    return {"kind": given.kind, "value": value}


def fields_json(fields: Mapping[str, NType]) -> dict[str, Any]:
    return {name: to_json(field) for name, field in fields.items()}


def shorthand(given: NType) -> Any:
    """The type as a simple specification writes it."""
    match given.kind, given.value:
        case (("List" | "Stream"), element):
            return {given.kind: shorthand(element)}
        case "Map", (key, value):
            return {"Map": [shorthand(key), shorthand(value)]}
        case "Record", fields:
            return {"Record": [[name, shorthand(field)] for name, field in fields.items()]}
        case "Union", variants:
            return {"Union": list(map(shorthand, variants))}
        case (("Var" | "RecordWith" | "Refined"), _):
            return to_json(given)
        case _:
            return given.kind


def read_type(given: Any) -> NType:
    """The type that this JSON says, in full or in shorthand; a Union stays in the order it is written."""
    if isinstance(given, str) and given in PRIMITIVES:
        return NType(given)
    if not isinstance(given, Mapping):
        raise TypeFault(f"not a type: {json.dumps(given)}")
    if "kind" in given:
        return read_full(given["kind"], given.get("value"))
    if len(given) == 1:
        kind, value = next(iter(given.items()))
        if kind == "Record" and isinstance(value, list) and all(map(is_pair, value)):
            return record({name: read_type(field) for name, field in value})
        if kind == "Map" and is_pair(value):
            return map_of(*map(read_type, value))
        if kind in ("List", "Stream", "Union"):
            return read_full(kind, value)
    raise TypeFault(f"not a type: {json.dumps(given)}")


def is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def read_strict(given: Any) -> NType:
    """The type that this JSON says in full, as graphs must; faults in the engine's words."""
    if isinstance(given, list):
        return read_listed(given)
    if not isinstance(given, Mapping):
        raise wrong_type(given, "adjacently tagged enum NType")
    if "kind" not in given:
        raise TypeFault("missing field `kind`")
    kind = variant(given["kind"], RANKS)
    if kind not in PRIMITIVES and "value" not in given:
        raise TypeFault("missing field `value`")
    return read_full(kind, given.get("value"), read_strict)


def read_listed(given: list[Any]) -> NType:
    """A type whose kind and value stand in a list, which the engine takes as well."""
    kind = variant(given[0], RANKS) if given and isinstance(given[0], str) else None
    if len(given) < 2:
        raise TypeFault(f"invalid length {len(given)}, expected adjacently tagged enum NType")
    found = read_full(kind or variant(given[0], RANKS), given[1], read_strict)
    if len(given) > 2:
        raise TypeFault(f"invalid length {len(given)}, expected 2 elements in sequence")
    return found


def wrong_type(given: Any, expected: str) -> TypeFault:
    return TypeFault(f"invalid type: {json_kind(given)}, expected {expected}")


def variant(given: Any, known: Iterable[str]) -> str:
    """One of the words that are known, on its own or as an object's only key."""
    if isinstance(given, Mapping):
        if len(given) != 1:
            raise TypeFault("invalid value: map, expected map with a single key")
        (word, content), *_ = given.items()
        if one_of(word, known) and content is not None:
            raise wrong_type(content, "unit")
        return str(word)
    if not isinstance(given, str):
        raise wrong_type(given, "string or map")
    return one_of(given, known)


def one_of(given: str, known: Iterable[str]) -> str:
    words = [f"`{word}`" for word in known]
    if f"`{given}`" not in words:
        expected = " or ".join(words) if len(words) == 2 else f"one of {', '.join(words)}"
        raise TypeFault(f"unknown variant `{given}`, expected {expected}")
    return given


def identifier(given: Any, known: Sequence[str], numbered: bool = True) -> str:
    """One of the words that are known, or its number among them where the engine has read all before."""
    if isinstance(given, str):
        return one_of(given, known)
    if numbered and isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        if given >= len(known):
            raise TypeFault(f"invalid value: integer `{given}`, expected variant index 0 <= i < {len(known)}")
        return known[given]
    raise wrong_type(given, "variant identifier")


def read_full(kind: Any, value: Any, read: Callable[[Any], NType] = read_type) -> NType:
    def fields_of(given: Any) -> dict[str, NType]:
        if not isinstance(given, Mapping):
            raise wrong_type(given, "a map")
        return {name: read(field) for name, field in given.items()}

    match kind:
        case "List" | "Stream":
            return NType(kind, read(value))
        case "Map":
            return map_of(*parts_of(value, kind, key=read, value=read))
        case "Record":
            return record(fields_of(value))
        case "Union":
            return NType("Union", tuple(map(read, sequence(value))))
        case "Var":
            return NType("Var", text_of(value))
        case "RecordWith":
            return record_with(*parts_of(value, kind, fields=fields_of, rest=text_of))
        case "Refined":
            return NType("Refined", parts_of(value, kind, base=read, refinement=read_refinement))
        case _ if kind in PRIMITIVES:
            if value is not None:
                raise wrong_type(value, f"unit variant NType::{kind}")
            return NType(kind)
        case _:
            raise TypeFault(f"unknown variant `{kind}`")


def parts_of(given: Any, kind: str, **readers: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The named parts, read in the order in which they stand."""
    if not isinstance(given, Mapping):
        raise wrong_type(given, f"struct variant NType::{kind}")
    found = {name: readers[name](part) for name, part in given.items() if name in readers}
    for name in readers:
        if name not in found:
            raise TypeFault(f"missing field `{name}`")
    return tuple(found[name] for name in readers)


def sequence(given: Any) -> list[Any]:
    if not isinstance(given, list):
        raise wrong_type(given, "a sequence")
    return given


def text_of(given: Any) -> str:
    if not isinstance(given, str):
        raise wrong_type(given, "a string")
    return given


def read_refinement(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise wrong_type(given, "internally tagged enum Refinement")
    if "kind" not in given:
        raise TypeFault("missing field `kind`")
    match identifier(given["kind"], REFINEMENTS):
        case "Range":
            bounds = {name: bound(given.get(name)) for name in ("min", "max")}
            return {"kind": "Range", **{name: end for name, end in bounds.items() if end is not None}}
        case "OneOf":
            if "options" not in given:
                raise TypeFault("missing field `options`")
            return {"kind": "OneOf", "options": list(sequence(given["options"]))}
        case _:
            return {"kind": "NonEmpty"}


def bound(given: Any) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise wrong_type(given, "f64")
    return float(given)


def json_kind(value: Any) -> str:
    """The word for a JSON value's kind in an error."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int() if -(2**63) <= value < 2**64:
            return f"integer `{value}`"
        case int() | float():
            from compositions.trace import write_float

            return f"floating point `{write_float(float(value))}`"
        case str():
            return f"string {debug(value)}"
        case list():
            return "sequence"
        case _:
            return "map"
