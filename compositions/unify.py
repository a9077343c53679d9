"""Finding what type variables and rows stand for, along the edges of a graph."""

from collections.abc import Iterable
from itertools import count

from compositions.ntype import PRIMITIVES, NType, record_with, union
from compositions.quoting import debug

CONSTANTS = frozenset(PRIMITIVES)
Bound = dict[str, NType]


class Unifiable(Exception):
    """Raised when two types cannot be made one; its text says why, in the engine's notation."""


def has_variables(given: NType) -> bool:
    """Does the type hold a variable or an open row?"""
    match given.kind, given.value:
        case (("Var" | "RecordWith"), _):
            return True
        case (("List" | "Stream"), element):
            return has_variables(element)
        case "Record", fields:
            return any(map(has_variables, fields.values()))
        case (("Map" | "Union"), parts):
            return any(map(has_variables, parts))
        case "Refined", (base, _):
            return has_variables(base)
        case _:
            return False


def substitute(given: NType, bound: Bound, tidy: bool = True) -> NType:
    """The type with what its variables stand for; `tidy` sorts and flattens its unions as well."""
    if not bound:
        return given

    def inside(part: NType) -> NType:
        return substitute(part, bound, tidy)

    match given.kind, given.value:
        case "Var", name:
            return settle(bound[name]) if tidy and name in bound else bound.get(name, given)
        case (("List" | "Stream"), element):
            return NType(given.kind, inside(element))
        case "Record", fields:
            return NType("Record", {name: inside(field) for name, field in fields.items()})
        case "Map", parts:
            return NType("Map", tuple(map(inside, parts)))
        case "Union", variants:
            parts = tuple(map(inside, variants))
            return union(parts) if tidy else NType("Union", parts)
        case "RecordWith", (fields, rest):
            known = {name: inside(field) for name, field in fields.items()}
            row = bound.get(rest)
            return close_row(known, rest, settle(row) if tidy and row is not None else row)
        case "Refined", (base, refinement):
            return NType("Refined", (inside(base), refinement))
        case _:
            return given


def close_row(known: Bound, rest: str, row: NType | None) -> NType:
    """An open record with what is known of its rest; what it says itself comes first."""
    match row:
        case NType(kind="Record", value=fields):
            return NType("Record", dict(sorted({**fields, **known}.items())))
        case NType(kind="RecordWith", value=(fields, further)):
            return record_with({**fields, **known}, further)
        case _:
            return record_with(known, rest)


def settle(given: NType) -> NType:
    """The type with each union in it sorted and flattened."""
    match given.kind, given.value:
        case (("List" | "Stream"), element):
            return NType(given.kind, settle(element))
        case "Record", fields:
            return NType("Record", {name: settle(field) for name, field in fields.items()})
        case "Map", parts:
            return NType("Map", tuple(map(settle, parts)))
        case "Union", variants:
            return union(map(settle, variants))
        case "RecordWith", (fields, rest):
            return record_with({name: settle(field) for name, field in fields.items()}, rest)
        case _:
            return given


class Unifier:
    """What is known of the variables of one graph so far."""

    def __init__(self) -> None:
        self.bound: Bound = {}
        self.unknowns = count()

    def apply(self, given: NType) -> NType:
        return substitute(given, self.bound)

    def edge(self, given: NType, expected: NType) -> None:
        """Learn from one edge that both of its ends are of one type."""
        left, right = self.structure(given), self.structure(expected)
        found = unify(substitute(left, self.bound, False), substitute(right, self.bound, False))
        self.bound = both(self.bound, found)

    def structure(self, given: NType) -> NType:
        """The type with refinements gone, and each Any an unknown of its own."""
        match given.kind, given.value:
            case "Any", _:
                return NType("Var", f"_any_{next(self.unknowns)}")
            case (("List" | "Stream"), element):
                return NType(given.kind, self.structure(element))
            case "Record", fields:
                return NType("Record", {name: self.structure(field) for name, field in fields.items()})
            case (("Map" | "Union"), parts):
                return NType(given.kind, tuple(map(self.structure, parts)))
            case "RecordWith", (fields, rest):
                return record_with({name: self.structure(field) for name, field in fields.items()}, rest)
            case "Refined", (base, _):
                return self.structure(base)
            case _:
                return given


def both(earlier: Bound, later: Bound) -> Bound:
    """Both findings as one: the later also says more about the earlier."""
    return {**later, **{name: substitute(known, later, False) for name, known in earlier.items()}}


def unify(left: NType, right: NType) -> Bound:
    """What the variables of both must stand for to make them one type."""
    if left.kind == "Var":
        return bind(left.value, right)
    if right.kind == "Var":
        return bind(right.value, left)
    kinds = {left.kind, right.kind}
    if kinds == {"RecordWith"}:
        raise refusal(left, right, "RecordWith ↔ RecordWith unification is not yet supported")
    if kinds == {"Record", "RecordWith"}:
        return unify_row(left, right)
    if kinds == {"Record"}:
        if left.value.keys() != right.value.keys():
            raise refusal(left, right, "record field sets differ")
        return unify_all(zip(left.value.values(), right.value.values(), strict=True))
    if kinds <= CONSTANTS:
        if left.kind != right.kind:
            raise refusal(left, right, "different type constants")
        return {}
    some, others = parts_of(left), parts_of(right)
    if some is None or others is None:
        raise refusal(left, right, "incompatible type shapes")
    if left.kind != right.kind:
        raise refusal(left, right, "different type constructors")
    if len(some) != len(others):
        raise refusal(left, right, "type constructor arity mismatch")
    return unify_all(zip(some, others, strict=True))


def parts_of(given: NType) -> tuple[NType, ...] | None:
    """The types that a constructor is applied to; None for what is not one."""
    match given.kind:
        case "List" | "Stream":
            return (given.value,)
        case "Map" | "Union":
            parts: tuple[NType, ...] = given.value
            return parts
        case _:
            return None


def unify_all(pairs: Iterable[tuple[NType, NType]]) -> Bound:
    found: Bound = {}
    for left, right in pairs:
        more = unify(substitute(left, found, False), substitute(right, found, False))
        found = both(found, more)
    return found


def unify_row(left: NType, right: NType) -> Bound:
    """An open record with a closed one: what is left over is the rest."""
    closed, row = (left, right) if left.kind == "Record" else (right, left)
    fields, rest = row.value
    found: Bound = {}
    for name, field in fields.items():
        if name not in closed.value:
            words = "open record requires a field that the closed record lacks"
            raise refusal(left, right, words)
        other = closed.value[name]
        found = both(found, unify(substitute(field, found, False), substitute(other, found, False)))
    over = {
        name: substitute(field, found, False) for name, field in closed.value.items() if name not in fields
    }
    return both(found, bind(rest, NType("Record", over)))


def bind(name: str, given: NType) -> Bound:
    if given.kind == "Var" and given.value == name:
        return {}
    if name in set(variables(given)):
        raise Unifiable(f"occurs check failed: variable '{name}' occurs in {notation(given)}")
    return {name: given}


def variables(given: NType) -> Iterable[str]:
    match given.kind, given.value:
        case "Var", name:
            yield name
        case "Record", fields:
            for field in fields.values():
                yield from variables(field)
        case "RecordWith", (fields, rest):
            yield rest
            for field in fields.values():
                yield from variables(field)
        case _:
            for part in parts_of(given) or ():
                yield from variables(part)


def refusal(left: NType, right: NType, reason: str) -> Unifiable:
    return Unifiable(f"cannot unify {notation(left)} with {notation(right)}: {reason}")


def notation(given: NType) -> str:
    """The structure as the engine's unifier writes it in errors."""
    match given.kind, given.value:
        case "Var", name:
            return f"Var({debug(name)})"
        case "Record", fields:
            return f"Record({fields_notation(fields)})"
        case "RecordWith", (fields, rest):
            return f"RecordWith {{ fields: {fields_notation(fields)}, rest: {debug(rest)} }}"
        case _:
            parts = parts_of(given)
            if parts is None:
                return f'Con("{given.kind}")'
            return f'App("{given.kind}", [{", ".join(map(notation, parts))}])'


def fields_notation(fields: dict[str, NType]) -> str:
    inside = ", ".join(f"{debug(name)}: {notation(field)}" for name, field in fields.items())
    return "{" + inside + "}"
