"""Types: how they are read, written, ordered, told from annotations, and fitted into each other."""

import re
from typing import Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositions.annotations import Untypable, type_of, types_of
from compositions.check import Ends
from compositions.ntype import (
    ANY,
    NULL,
    NUMBER,
    PRIMITIVES,
    TEXT,
    NType,
    TypeFault,
    list_of,
    map_of,
    read_strict,
    read_type,
    record,
    record_with,
    shorthand,
    to_json,
    union,
)
from compositions.quoting import debug
from compositions.subtype import why_not
from compositions.unify import Unifiable, Unifier

SIMPLE = st.recursive(
    st.sampled_from([NType(kind) for kind in PRIMITIVES]),
    lambda inner: st.one_of(
        inner.map(list_of),
        inner.map(lambda element: NType("Stream", element)),
        st.tuples(inner, inner).map(lambda pair: map_of(*pair)),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(record),
        st.lists(inner, min_size=2, max_size=3).map(union),
    ),
    max_leaves=8,
)


@given(SIMPLE)
def test_both_spellings_say_the_same(one: NType) -> None:
    assert read_type(to_json(one)) == one
    assert read_type(shorthand(one)) == one


@given(SIMPLE)
def test_every_type_fits_itself_and_what_may_be_null(one: NType) -> None:
    assert why_not(one, one) is None
    assert why_not(one, union([NULL, one])) is None


@given(st.lists(SIMPLE, max_size=4))
def test_a_union_does_not_care_for_order(variants: list[NType]) -> None:
    assert union(variants) == union(variants[::-1]) == union([union(variants[:2]), *variants])


class Inner(TypedDict, total=False):
    text: str
    inner: "Inner"


class Outer(TypedDict):
    name: str
    kind: Literal["a", "b"]
    count: int | float
    items: list[Inner]
    by_name: dict[str, bool]
    anything: NotRequired[Any]
    perhaps: NotRequired[str]
    nothing: str | None


def test_annotations_say_the_type() -> None:
    assert str(type_of(Outer)) == (
        "Record { anything: Any, by_name: Map<Text, Bool>, count: Number, "
        "items: List<Record { inner: Any, text: Null | Text }>, kind: Text, name: Text, "
        "nothing: Null | Text, perhaps: Null | Text }"
    )


def test_what_cannot_be_json_is_refused() -> None:
    with pytest.raises(Untypable, match="set"):
        type_of(set[str])


def test_a_stage_must_say_what_it_takes() -> None:
    def execute(input):  # type: ignore[no-untyped-def]
        return input

    with pytest.raises(Untypable, match="must be annotated"):
        types_of(execute)


def test_unification_learns_rows_and_variables() -> None:
    unifier = Unifier()
    unifier.edge(record({"a": TEXT, "c": NUMBER}), record_with({"a": NType("Var", "T")}, "R"))
    assert str(unifier.apply(record_with({"b": NType("Var", "T")}, "R"))) == "Record { b: Text, c: Number }"
    with pytest.raises(Unifiable, match=r'cannot unify Con\("Text"\) with Con\("Number"\)'):
        unifier.edge(NType("Var", "T"), NUMBER)
    with pytest.raises(Unifiable, match="occurs check failed: variable 'U'"):
        unifier.edge(NType("Var", "U"), list_of(NType("Var", "U")))


def test_ends_are_a_pair() -> None:
    assert Ends(ANY, TEXT) == (ANY, TEXT)


def one_of(*options: Any) -> NType:
    return NType("Refined", (ANY, {"kind": "OneOf", "options": list(options)}))


@pytest.mark.parametrize(
    ("sub", "sup", "fits"),
    [
        ((1,), (1.0,), False),
        ((True,), (1,), False),
        ((0,), (False,), False),
        (([1],), ([True],), False),
        ((0,), (-0.0,), False),
        ((0.0,), (-0.0,), True),
        (({"a": 1, "b": [2.5]},), ({"b": [2.5], "a": 1},), True),
        ((1, 2), (1,), False),
    ],
)
def test_options_are_the_same_only_to_the_kind_of_number(sub: Any, sup: Any, fits: bool) -> None:
    reason = why_not(one_of(*sub), one_of(*sup))
    assert (reason is None) is fits


def at_least(low: float) -> NType:
    return NType("Refined", (NUMBER, {"kind": "Range", "min": low}))


@pytest.mark.parametrize(
    ("variants", "shown"),
    [
        ((one_of("é"), one_of("z")), 'Any | OneOf["z"] | Any | OneOf["é"]'),
        ((at_least(1e-7), at_least(1e-10)), "Number | Range(0.0000000001..) | Number | Range(0.0000001..)"),
        ((one_of(0.0), one_of(-0.0)), "Any | OneOf[-0.0]"),
        ((one_of(1), one_of(1.0)), "Any | OneOf[1.0] | Any | OneOf[1]"),
    ],
)
def test_refined_variants_are_sorted_as_the_engine_writes_them(variants: Any, shown: str) -> None:
    assert str(union(variants)) == shown


def test_names_in_errors_are_written_so_that_each_sign_is_seen() -> None:
    assert debug("plain é 😀 'x'") == "\"plain é 😀 'x'\""
    assert debug('q"x\\\0\t\r\n\a') == r'"q\"x\\\0\t\r\n\u{7}"'
    unseen = "\u0301\u00a0\u200b\u200c\u007f\u00ad\u09be\ufe0f\ue000\u2028\uff9e"
    assert debug(unseen) == '"' + "".join(f"\\u{{{ord(sign):x}}}" for sign in unseen) + '"'
    unifier = Unifier()
    with pytest.raises(Unifiable, match=re.escape(r'cannot unify Record({"q\"\u{7}": Con("Text")}) with')):
        unifier.edge(record({'q"\a': TEXT}), list_of(NType("Var", 'T"')))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("Text", 'invalid type: string "Text", expected adjacently tagged enum NType'),
        ([], "invalid length 0, expected adjacently tagged enum NType"),
        (["List", {"kind": "Text"}, 1], "invalid length 3, expected 2 elements in sequence"),
        ({"kind": 1}, "invalid type: integer `1`, expected string or map"),
        ({"kind": {"Text": 1}}, "invalid type: integer `1`, expected unit"),
        ({"kind": "Text", "value": 5}, "invalid type: integer `5`, expected unit variant NType::Text"),
        ({"kind": "Map", "value": {"value": {"kind": "Text"}}}, "missing field `key`"),
        ({"kind": "Map", "value": []}, "invalid type: sequence, expected struct variant NType::Map"),
        ({"kind": "Record", "value": None}, "invalid type: null, expected a map"),
        ({"kind": "Record", "value": []}, "invalid type: sequence, expected a map"),
        ({"kind": "Union", "value": {}}, "invalid type: map, expected a sequence"),
        ({"kind": "Var", "value": 5}, "invalid type: integer `5`, expected a string"),
        ({"kind": "RecordWith", "value": {"rest": "R"}}, "missing field `fields`"),
        ({"kind": "RecordWith", "value": {"fields": {}}}, "missing field `rest`"),
        ({"kind": "RecordWith", "value": {"fields": {}, "rest": 1}}, "integer `1`, expected a string"),
        ({"kind": "Refined", "value": {"refinement": {"kind": "NonEmpty"}}}, "missing field `base`"),
        ({"kind": "Refined", "value": {"base": {"kind": "Text"}}}, "missing field `refinement`"),
    ],
)
def test_what_is_no_type_is_told(given: Any, words: str) -> None:
    with pytest.raises(TypeFault, match=re.escape(words)):
        read_strict(given)


@pytest.mark.parametrize(
    ("refinement", "words"),
    [
        ("NonEmpty", 'invalid type: string "NonEmpty", expected internally tagged enum Refinement'),
        ({}, "missing field `kind`"),
        ({"kind": None}, "invalid type: null, expected variant identifier"),
        ({"kind": "Regex"}, "unknown variant `Regex`, expected one of `Range`, `OneOf`, `NonEmpty`"),
        ({"kind": "Range", "min": "1"}, 'invalid type: string "1", expected f64'),
        ({"kind": "Range", "max": True}, "invalid type: boolean `true`, expected f64"),
        ({"kind": "OneOf"}, "missing field `options`"),
        ({"kind": "OneOf", "options": {}}, "invalid type: map, expected a sequence"),
        ({"kind": "OneOf", "options": "ab"}, 'invalid type: string "ab", expected a sequence'),
    ],
)
def test_what_is_no_refinement_is_told(refinement: Any, words: str) -> None:
    with pytest.raises(TypeFault, match=re.escape(words)):
        read_strict({"kind": "Refined", "value": {"base": {"kind": "Text"}, "refinement": refinement}})


@pytest.mark.parametrize("given", [{"Record": [["a"]]}, {"Map": ["Text"]}, {"kind": None}, {"kind": "Map"}])
def test_a_spelling_that_is_no_type_is_a_fault_too(given: Any) -> None:
    with pytest.raises(TypeFault):
        read_type(given)
