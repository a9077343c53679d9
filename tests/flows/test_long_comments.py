"""What a stranger writes in one repository keeps no other one waiting."""

import time

import pytest

from tests.flows.house import House
from tests.flows.play import Play

HARD = ("- " * 30 + "a\n") * 1050
"""One of the texts that take longest to be read: 64 KiB of lists in lists."""


@pytest.fixture
def other(house: House) -> Play:
    """Someone else's repository on the same bot."""
    return Play(house, house.repository())


def waits(play: Play, issue: int, seconds: float) -> list[float]:
    """How long alice waits for each `/ping` of hers, one after the other, for so many seconds."""
    until, waited = time.monotonic() + seconds, []
    while time.monotonic() < until:
        began = time.monotonic()
        play.reacted(play.say(issue, "/ping"), "eyes", "rocket")
        waited.append(time.monotonic() - began)
    return waited


def test_a_comment_of_3_mb_and_many_hard_ones_keep_no_other_repository_waiting(
    play: Play, other: Play
) -> None:
    theirs, mine = play.open("Long", "?", by=play.mallory), other.open("Mine", "?")
    calm = waits(other, mine, 3.0)
    longest = 3_000_000 if play.house.kind == "gitea" else 65_000
    play.say(theirs, "/help\nand *many* words\n" * (longest // 23), by=play.mallory)
    beside_one = waits(other, mine, 6.0)
    for _ in range(15):
        play.say(theirs, HARD, by=play.mallory)
    beside_many = waits(other, mine, 15.0)
    told = f"calm {max(calm):.1f} s, one {max(beside_one):.1f} s, many {max(beside_many):.1f} s at most"
    assert max(beside_one) < 10.0 and sum(beside_many) / len(beside_many) < 5.0, told
