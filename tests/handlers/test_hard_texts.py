"""Texts that are hard to read: as long as any is read, each made of one thing again and again."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from handlers.read import LONGEST, asked_in, read_commands
from handlers.switchboard import expand_unread

MOST_TIMES = 100
"""As much processor time as prose of that length takes in the same moment, so a slow machine is no fault.

The slowest, lists in lists, takes twelve times as long where nothing else runs; what grows with the square of
the length takes thousands."""
PIECES = {
    "prose": "The quick brown fox, `code`, *emphasis* and [a link](http://x.y).\n\n- one\n- two\n\n",
    "quotes": ">",
    "quoted lists": "> - ",
    "lists in lists": "- " * 30 + "a\n",
    "emphasis": "**a_b ",
    "open brackets": "[",
    "open links": "[a](<b",
    "images": "![a](b",
    "tables": "|a|b|\n|-|-|\n",
    "open comments": "<!-- ",
    "open tags": '<a b="c" ',
    "folds": "<details><summary>\n",
    "entities": "&#x",
    "back ticks": "`a",
    "math": "$$a\n",
    "footnotes": "[^a]: b\n",
    "references": "[a]:\n",
    "underlined": "a\n=",
    "mails": "On 1\nb\n",
    "commands": "/status\n",
    "blanks": "\u00a0/s\n",
}


def seconds(read: Callable[[], object]) -> float:
    began = time.process_time()
    read()
    return time.process_time() - began


def of_length(piece: str) -> str:
    return (piece * (LONGEST // len(piece) + 1))[:LONGEST]


def prose_s() -> float:
    return seconds(lambda: read_commands(of_length(PIECES["prose"])))


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_hard_text_is_read_in_its_time(piece: str) -> None:
    assert seconds(lambda: read_commands(of_length(piece))) < MOST_TIMES * prose_s()


def test_thousands_of_unknown_commands_are_read_in_their_time_too() -> None:
    text = "".join(f"/statu{number}\n" for number in range(7000))[:LONGEST]
    assert seconds(lambda: read_commands(text)) < MOST_TIMES * prose_s()


def test_what_stands_beyond_the_longest_text_is_not_read() -> None:
    text = "/status\n" + "x\n" * (LONGEST // 2) + "/stop\n"
    assert [found.get("name") for found in read_commands(text)] == ["status"]
    long = "/status\n" + "[" * 3_000_000
    assert asked_in(long) == asked_in("/status")
    assert seconds(lambda: asked_in(long)) < MOST_TIMES * prose_s()


def test_a_text_that_was_given_up_is_answered_and_commands_nothing() -> None:
    comment: Any = {
        "type": "issue_comment", "key": "comment:9:aa", "issue_number": 4, "comment_id": 9, "body": "/stop",
        "author_id": 7, "actor": "eve", "actor_id": 7,
    }  # fmt: skip
    [told] = expand_unread(comment, {})  # type: ignore[typeddict-item]
    assert told["type"] == "mistakes" and told["where"]["comment_id"] == 9
    assert "took too long" in told["mistakes"][0]["help"]
    seen: Any = {"type": "seen", "what": "issue", "key": "seen:4", "number": 4, "there": {"body": "/stop"}}
    assert expand_unread(seen, {}) == [{**seen, "asks": []}]  # type: ignore[typeddict-item]
