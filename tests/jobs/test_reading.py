"""Hard texts of one lane: an allowance a minute, then a moment each; ordinary ones are never given up."""

from typing import Any

import pytest

from handlers.read import read_commands
from jobs.reading import ALLOWANCE_S, EASY_S, LEAST_S, READ_S, Reading
from shell.cpu_limit import TooLong

from .conftest import LANE, Bench

HARD = ("- " * 30 + "a\n") * 1050


def test_an_allowance_is_used_up_by_hard_texts_alone_and_comes_back_with_the_next_minute() -> None:
    now = [100.0]
    reading = Reading(lambda: now[0])
    assert reading.limit("a") == READ_S
    for _ in range(1000):
        reading.note("a", EASY_S)
    assert reading.limit("a") == READ_S
    reading.note("a", ALLOWANCE_S - 0.5)
    assert reading.limit("a") == pytest.approx(0.5) and reading.limit("b") == READ_S
    reading.note("a", 9.0)
    assert reading.limit("a") == LEAST_S
    now[0] += 60.0
    assert reading.limit("a") == READ_S


def test_a_lane_of_hard_texts_soon_gives_them_up_and_reads_on_what_people_write(bench: Bench) -> None:
    def comment(number: int, body: str) -> Any:
        who = {"author": "eve", "author_id": 5, "actor": "eve", "actor_id": 5}
        about = {"issue_number": 4, "comment_id": number, "is_pull": False, "hint": "created"}
        return {"type": "issue_comment", "key": f"c{number}", "body": body, "previous": None, **who, **about}

    bench.accounts["gitea"] = {"id": 1, "login": "bot"}
    read = super(Bench, bench).decider(LANE).expand
    state: Any = {"repo": {"full_name": "acme/shop"}, "me": {"id": 1, "login": "bot"}}
    assert bench.reading.limit(LANE) == READ_S
    found = [list(read(comment(number, HARD), state)) for number in range(8)]
    told = ["mistakes" in [one["type"] for one in events] for events in found]
    assert all(told[4:]) and bench.reading.limit(LANE) == LEAST_S, told
    [asked] = read(comment(9, "/ping\n\n" + "Good morning. " * 200), state)
    assert asked["type"] == "command" and asked["name"] == "ping"


def test_what_is_too_hard_ends_and_is_counted() -> None:
    reading = Reading()
    reading.note("a", ALLOWANCE_S)
    with pytest.raises(TooLong), reading.limited("a"):
        read_commands(HARD)
    assert reading.limit("a") == LEAST_S
