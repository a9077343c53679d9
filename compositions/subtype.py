"""Whether a value of one type may be given where another is expected, and if not, why."""

from compositions.ntype import NType, display, same


def why_not(given: NType, expected: NType) -> str | None:
    """The reason why `given` does not fit `expected`; None when it fits."""
    if given is expected and fits_itself(given):  # the world's records are large, and each is made once
        return None
    kinds = (given.kind, expected.kind)
    if "Any" in kinds or "Var" in kinds:
        return None
    if "Refined" in kinds:
        return refined(given, expected)
    if "Union" in kinds:
        return unions(given, expected)
    if open_fields(given) is not None and open_fields(expected) is not None:
        return records(given, expected)
    if given.kind != expected.kind:
        return mismatch(given, expected)
    match given.kind:
        case "List" | "Stream":
            return within(f"{given.kind} element", why_not(given.value, expected.value))
        case "Map":
            key = within("map key type", why_not(given.value[0], expected.value[0]))
            return key or within("map value type", why_not(given.value[1], expected.value[1]))
        case _:
            return None


def fits_itself(given: NType) -> bool:
    """All do but a union with a refined type in it: that is reduced to its base before the union is read."""
    match given.kind, given.value:
        case (("List" | "Stream"), element):
            return fits_itself(element)
        case "Record", fields:
            return all(map(fits_itself, fields.values()))
        case "RecordWith", (fields, _):
            return all(map(fits_itself, fields.values()))
        case "Map", parts:
            return all(map(fits_itself, parts))
        case "Union", variants:
            return all(one.kind != "Refined" and fits_itself(one) for one in variants)
        case "Refined", (base, _):
            return fits_itself(base)
        case _:
            return True


def mismatch(given: NType, expected: NType) -> str:
    return f"expected {display(expected)}, got {display(given)}"


def within(place: str, reason: str | None) -> str | None:
    return None if reason is None else f"{place}: {reason}"


def refined(given: NType, expected: NType) -> str | None:
    """A refined value is one of its base; nothing plain is known to keep a refinement."""
    if expected.kind != "Refined":
        return why_not(given.value[0], expected)
    if given.kind != "Refined" or not same(given.value[1], expected.value[1]):
        return mismatch(given, expected)
    return why_not(given.value[0], expected.value[0])


def unions(given: NType, expected: NType) -> str | None:
    """Every variant given must fit; one expected variant is enough."""
    given_variants = given.value if given.kind == "Union" else (given,)
    accepting = expected.value if given.kind != "Union" else (expected,)
    for variant in given_variants:
        if not any(why_not(variant, one) is None for one in accepting):
            return f"type {display(variant)} is not covered by the expected union"
    return None


def open_fields(given: NType) -> dict[str, NType] | None:
    """The known fields of a record of either kind."""
    match given.kind:
        case "Record":
            fields: dict[str, NType] = given.value
            return fields
        case "RecordWith":
            known: dict[str, NType] = given.value[0]
            return known
        case _:
            return None


def records(given: NType, expected: NType) -> str | None:
    """More fields than expected are fine; only what may be null can be absent."""
    has = open_fields(given) or {}
    for name, field in (open_fields(expected) or {}).items():
        if name not in has:
            if not nullable(field):
                return f"missing required field `{name}`"
        elif reason := why_not(has[name], field):
            return f"field `{name}`: {reason}"
    return None


def nullable(given: NType) -> bool:
    """May a field of this type be left out?"""
    if given.kind == "Union":
        return any(map(nullable, given.value))
    return given.kind in ("Null", "Any", "Var")
