"""A repository that the operator has not let in: its owner cannot make the bot work for her."""

import pytest

from tests.flows.house import ALICE, BOT, MALLORY, House
from tests.flows.play import Play


@pytest.fixture
def uninvited(house: House) -> Play:
    """A stranger's repository that she made the bot an administrator of, and whose deliveries are signed."""
    return Play(house, house.repository(MALLORY, {BOT: "admin", ALICE: "write"}))


def test_a_stranger_gets_one_line_once_and_nothing_else(uninvited: Play) -> None:
    play = uninvited
    issue = play.open("A sprint", "- a: The first", by=play.mallory)
    said = play.say(issue, "/plan", by=play.mallory)
    play.answer(issue, "I do not act in this repository")
    play.heard(said)
    again = [play.say(issue, text, by=play.mallory) for text in ("/approve", "/status")]
    other = play.open("Another", "- b: The second", by=play.mallory)
    again.append(play.say(other, "/plan", by=play.alice))
    for comment in again:
        play.heard(comment)

    assert play.tasks() == {} and play.pulls() == []
    assert len(play.all_written(issue)) == 1 and play.all_written(other) == []
    assert not any(play.reactions(comment) for comment in (said, *again))
    labels = play.mallory.api.get(f"/repos/{play.repo}/labels")
    assert not [label for label in labels or [] if label["name"].startswith("caloron:")]
    store = play.house.store
    assert store and store.load(play.lane).state.get("repo") is None
    assert [entry["composition"] for entry in store.journal(play.lane)] == ["answer_outside"]


def test_without_a_delivery_it_is_not_even_looked_at(house: House) -> None:
    play = Play(house, house.repository(MALLORY, {BOT: "admin"}, hooked=False))
    issue = play.open("A sprint", "- a: The first", by=play.mallory)
    play.say(issue, "/plan\n/approve", by=play.mallory)
    assert play.house.store and play.lane not in play.house.store.lanes()
    assert play.all_written(issue) == []
