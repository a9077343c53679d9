"""The one thing looked at while running: values of refined types."""

from collections.abc import Callable, Iterator
from typing import Any

from compositions.failure import StageFailed
from compositions.ntype import NType, display_refinement, plain, same
from compositions.trace import Entry, Frame, Leaf, compact

WORDS = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}


def refinements_of(given: NType) -> Iterator[dict[str, Any]]:
    """The refinements around a type, the outermost first."""
    while given.kind == "Refined":
        given, refinement = given.value
        yield refinement


def fault(value: Any, refinement: dict[str, Any]) -> str | None:
    """What is wrong with the value; None when nothing is."""
    match refinement["kind"]:
        case "Range":
            return out_of_range(value, refinement.get("min"), refinement.get("max"))
        case "OneOf":
            if any(same(value, option) for option in refinement["options"]):
                return None
            return f"value {compact(value)} is not one of the allowed options"
        case _:
            if not isinstance(value, str | list | dict):
                return f"NonEmpty expects a string / array / object, got {kind_of(value)}"
            return None if value else f"{kind_of(value)} is empty"


def kind_of(value: Any) -> str:
    return WORDS.get(type(value), "number")


def out_of_range(value: Any, low: float | None, high: float | None) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"Range requires a Number, got {kind_of(value)}"
    value = float(value)
    if low is not None and value < low:
        return f"value {plain(value)} below minimum {plain(low)}"
    if high is not None and value > high:
        return f"value {plain(value)} above maximum {plain(high)}"
    return None


def violation(value: Any, given: NType, side: str) -> str | None:
    for refinement in refinements_of(given):
        if words := fault(value, refinement):
            return f"{side} refinement violation ({display_refinement(refinement)}): {words}"
    return None


def guarded(
    leaf: Leaf, types: tuple[NType, NType], run: Callable[[Any, Frame], Any]
) -> Callable[[Any, Frame], Any]:
    """The stage with its refinements looked at before and after."""

    def checked(given: Any, frame: Frame) -> Any:
        if words := violation(given, types[0], "input"):
            frame.record.entries.append(Entry(leaf, frame.step, given, None, 0, ValueError(words)))
            frame.step += 1
            raise StageFailed(leaf.name, leaf.stage_id, words)
        output = run(given, frame)
        if words := violation(output, types[1], "output"):
            last = frame.record.entries[-1]
            frame.record.entries[-1] = last._replace(output=None, error=ValueError(words))
            raise StageFailed(leaf.name, leaf.stage_id, words)
        return output

    return checked
