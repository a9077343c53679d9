"""Types as the engine knows them: their JSON, how they are written for people, and their order."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

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


def union(variants: Iterable[NType]) -> NType:
    """The variants flattened by one level, sorted, each once; one stands for itself, none is Null."""
    flat = {order(variant): variant for given in variants for variant in variants_of(given)}
    ordered = [flat[key] for key in sorted(flat)]
    if len(ordered) < 2:
        return ordered[0] if ordered else NULL
    return NType("Union", tuple(ordered))


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
            return rank, order(base), json.dumps(refinement)
        case _, value:
            return (rank, value or "")


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
        if kind == "Record" and isinstance(value, list):
            return record({name: read_type(field) for name, field in value})
        if kind == "Map" and isinstance(value, list):
            return map_of(*map(read_type, value))
        if kind in ("List", "Stream", "Union"):
            return read_full(kind, value)
    raise TypeFault(f"not a type: {json.dumps(given)}")


def read_strict(given: Any) -> NType:
    """The type that this JSON says in full, as graphs must; faults in the engine's words."""
    if not isinstance(given, Mapping):
        raise TypeFault(f"invalid type: {json_kind(given)}, expected adjacently tagged enum NType")
    if "kind" not in given:
        raise TypeFault("missing field `kind`")
    kind = given["kind"]
    if kind not in RANKS:
        raise TypeFault(f"unknown variant `{kind}`, expected one of {', '.join(f'`{one}`' for one in RANKS)}")
    if kind not in PRIMITIVES and "value" not in given:
        raise TypeFault("missing field `value`")
    return read_full(kind, given.get("value"), read_strict)


def read_full(kind: str, value: Any, read: Callable[[Any], NType] = read_type) -> NType:
    match kind:
        case "List" | "Stream":
            return NType(kind, read(value))
        case "Map":
            return map_of(read(value["key"]), read(value["value"]))
        case "Record":
            return record({name: read(field) for name, field in value.items()})
        case "Union":
            return NType("Union", tuple(map(read, value)))
        case "Var":
            return NType("Var", value)
        case "RecordWith":
            return record_with({name: read(field) for name, field in value["fields"].items()}, value["rest"])
        case "Refined":
            return NType("Refined", (read(value["base"]), read_refinement(value["refinement"])))
        case _ if kind in PRIMITIVES:
            return NType(kind)
        case _:
            raise TypeFault(f"unknown variant `{kind}`")


def read_refinement(given: Mapping[str, Any]) -> dict[str, Any]:
    match given["kind"]:
        case "Range":
            bounds = {name: given.get(name) for name in ("min", "max")}
            return {"kind": "Range", **{n: float(v) for n, v in bounds.items() if v is not None}}
        case "OneOf":
            return {"kind": "OneOf", "options": list(given["options"])}
        case "NonEmpty":
            return {"kind": "NonEmpty"}
        case kind:
            raise TypeFault(f"unknown variant `{kind}`, expected one of `Range`, `OneOf`, `NonEmpty`")


def json_kind(value: Any) -> str:
    """The word for a JSON value's kind in an error."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{value}`"
        case str():
            return f'string "{value}"'
        case list():
            return "sequence"
        case _:
            return "map"
