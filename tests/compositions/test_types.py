"""Types: how they are read, written, ordered, told from annotations, and fitted into each other."""

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
    list_of,
    map_of,
    read_type,
    record,
    record_with,
    shorthand,
    to_json,
    union,
)
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
