"""A marker is found again as it was written, and cannot be broken out of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell.marker import LONGEST, lock_in, mark, marked, own_mark, read_marks


def test_a_marker_is_one_hidden_readable_line() -> None:
    line = mark("task", "create_issue:s1:t1", "fish-0a1b-12", "t1")
    assert line == "<!-- caloron:task key=create_issue:s1:t1 sprint=fish-0a1b-12 task=t1 -->"
    assert mark("board", "k") == "<!-- caloron:board key=k -->"
    assert mark("board", "k", text="9f") == "<!-- caloron:board key=k text=9f -->"
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


def test_only_the_marker_at_the_end_is_ours() -> None:
    ours, theirs = mark("note", "ours"), mark("task", "theirs")
    found = own_mark(f"You said {theirs}.\n\n{ours}\n")
    assert found and found["key"] == "ours"
    assert own_mark(f"{ours}\n\nsaid someone") is None
    assert own_mark("nothing") is None
    assert marked(f"{ours} is what they said", ours).endswith(f"\n\n{ours}")


def test_a_text_too_long_for_a_forge_is_cut_and_keeps_its_marker() -> None:
    line = mark("retro", "k")
    text = marked("```\n" + "much\n" * 20_000 + "```", line)
    assert len(text) <= 65_536 and len(text) > LONGEST - 100
    assert text.endswith(line) and "too long" in text
    assert sum(row.startswith("```") for row in text.splitlines()) == 2


def test_a_boards_marker_tells_of_the_lock_and_one_that_was_quoted_does_not() -> None:
    lock = {"installation": "a1b2c3d4e5f6", "locked_at": "2026-11-21T07:00:00.000Z", "held": "yes"}
    line = mark("board", "issue:4:board", "shop-1a2b-4", text="0c1a", lock=lock)
    assert line.endswith(" text=0c1a -->") and read_marks(line)[0]["sprint"] == "shop-1a2b-4"
    assert lock_in(f"A board.\n\n{line}\n") == {**lock, "took": ""}
    assert set(lock_in(f"{line}\n\nsaid someone").values()) == {""}
