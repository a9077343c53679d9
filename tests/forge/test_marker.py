"""A marker is found again as it was written, and cannot be broken out of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell.marker import mark, marked, read_marks


def test_a_marker_is_one_hidden_readable_line() -> None:
    line = mark("task", "create_issue:s1:t1", "fish-0a1b-12", "t1")
    assert line == "<!-- caloron:task key=create_issue:s1:t1 sprint=fish-0a1b-12 task=t1 -->"
    assert mark("board", "k") == "<!-- caloron:board key=k -->"
    assert mark("pull", "k", "a--b-12", "t_1") == "<!-- caloron:pull key=k sprint=a--b-12 task=t_1 -->"


@given(key=st.text(min_size=1), sprint=st.text(), task=st.text())
def test_whatever_is_marked_is_read_again(key: str, sprint: str, task: str) -> None:
    line = mark("task", key, sprint, task)
    assert line.count("-->") == 1
    assert ">" not in line.removesuffix("-->")
    assert "\n" not in line
    found = {"kind": "task", "key": key, "sprint": sprint, "task": task}
    assert read_marks(f"Before {line}\nafter") == [found]


def test_several_markers_are_read_in_order() -> None:
    text = f"One\n{mark('a', '1')}\nTwo\n{mark('b', '2')}"
    assert [found["kind"] for found in read_marks(text)] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    ["", "no marker", "<!-- caloron: key=1 -->", "<!-- other:task key=1 -->", "<!-- caloron:task key=1"],
)
def test_what_is_no_marker_is_not_read(text: str) -> None:
    assert read_marks(text) == []


def test_a_text_is_marked_once_as_its_last_line() -> None:
    line = mark("task", "k")
    once = marked("Hello.\n", line)
    assert once == f"Hello.\n\n{line}"
    assert marked(once, line) == once
    assert marked("", line) == line
