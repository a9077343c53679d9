"""A forge's patterns of required checks, matched in a time that no pattern can stretch."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.look.compare_pull import fits

PIECES = st.sampled_from(["a", "b", "/", "*", "?", "[ab]", "[!a]"])


@pytest.mark.parametrize(
    ("glob", "name", "does"),
    [
        ("ci/*", "ci/build/linux", True),
        ("ci/*", "lint", False),
        ("*", "", True),
        ("ci/{build,test}", "ci/test", True),
        ("*{abc,b}*c", "abc", True),
        ("ci/{build,test}", "ci/lint", False),
        ("v[0-9]", "v7", True),
        ("v[!0-9]", "v7", False),
        (r"\*", "*", True),
        (r"\*", "a", False),
        ("[z-a]", "b", False),
        ("a.c", "abc", False),
    ],
)
def test_patterns(glob: str, name: str, does: bool) -> None:
    assert fits(glob, name) is does


def test_many_stars_are_no_trap() -> None:
    assert not fits("*a" * 200 + "b", "a" * 2000)


@given(st.lists(PIECES, max_size=8).map("".join), st.text("ab/", max_size=8))
def test_without_braces_they_are_the_ordinary_ones(glob: str, name: str) -> None:
    assert fits(glob, name) == fnmatch.fnmatchcase(name, glob)
