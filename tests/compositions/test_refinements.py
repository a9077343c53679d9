"""Values of refined types, and the words for those that are none."""

from typing import Any

import pytest

from compositions.refinements import fault

HALF = {"kind": "Range", "min": 0.5, "max": 10.0}


@pytest.mark.parametrize(
    ("value", "refinement", "words"),
    [
        (1, HALF, None),
        (0.5, HALF, None),
        (0, HALF, "value 0 below minimum 0.5"),
        (10.5, HALF, "value 10.5 above maximum 10"),
        ("1", HALF, "Range requires a Number, got string"),
        (True, HALF, "Range requires a Number, got boolean"),
        ("a", {"kind": "OneOf", "options": ["a", 1]}, None),
        (1.0, {"kind": "OneOf", "options": ["a", 1]}, "value 1.0 is not one of the allowed options"),
        (-0.0, {"kind": "OneOf", "options": [0.0]}, None),
        ([-0.0], {"kind": "OneOf", "options": [[0]]}, "value [-0.0] is not one of the allowed options"),
        (True, {"kind": "OneOf", "options": [1]}, "value true is not one of the allowed options"),
        ([0], {"kind": "NonEmpty"}, None),
        ({}, {"kind": "NonEmpty"}, "object is empty"),
        (7, {"kind": "NonEmpty"}, "NonEmpty expects a string / array / object, got number"),
    ],
)
def test_what_is_wrong_with_a_value(value: Any, refinement: dict[str, Any], words: str | None) -> None:
    assert fault(value, refinement) == words
