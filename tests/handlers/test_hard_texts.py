"""Texts that are hard to read: as long as any is read, each made of one thing again and again."""

import time
from typing import Any

import pytest

from handlers.read import LONGEST, asked_in, read_commands
from handlers.switchboard import expand_unread

MOST_S = 2.0
"""Processor time; on a machine that does nothing else it is less than one second."""
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


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_hard_text_is_read_in_its_time(piece: str) -> None:
    text = (piece * (LONGEST // len(piece) + 1))[:LONGEST]
    began = time.process_time()
    read_commands(text)
    assert time.process_time() - began < MOST_S


def test_thousands_of_unknown_commands_are_read_in_their_time_too() -> None:
    text = "".join(f"/statu{number}\n" for number in range(7000))[:LONGEST]
    began = time.process_time()
    read_commands(text)
    assert time.process_time() - began < MOST_S


def test_what_stands_beyond_the_longest_text_is_not_read() -> None:
    text = "/status\n" + "x\n" * (LONGEST // 2) + "/stop\n"
    assert [found.get("name") for found in read_commands(text)] == ["status"]
    began = time.process_time()
    assert asked_in("/status\n" + "[" * 3_000_000) == asked_in("/status")
    assert time.process_time() - began < MOST_S


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
