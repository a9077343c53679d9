"""A second installation of the bot: it plans, but starts nothing while the first one's sprint runs."""

import re
from collections.abc import Iterator

import pytest

from shell.clock import now
from shell.installation_id import read_installation
from shell.marker import lock_in, mark
from tests.flows.house import ALICE, BOB, House, served
from tests.flows.play import Play

RIGHTS = {ALICE: "admin", BOB: "write"}
WAITS = "Another installation of the bot"


@pytest.fixture(scope="module")
def both(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[House]]:
    """Two bots with one account, each with a store of its own, whose clocks tick every second."""
    often = {**house.settings, "CALORON_TICK_S": "1", "CALORON_BOARD_S": "0.1"}
    one, other = (House(house.kind, house.client, often, house.real, house.fake_url) for _ in "ab")
    with (
        served(one, tmp_path_factory.mktemp("one")) as first,
        served(other, tmp_path_factory.mktemp("other")) as second,
    ):
        yield [first, second]


@pytest.fixture
def plays(both: list[House]) -> list[Play]:
    """One repository that tells both of them what happens."""
    repo = both[0].repository(rights=RIGHTS)
    both[1].hook(repo)
    return [Play(house, repo) for house in both]


def installation(play: Play) -> str | None:
    """Its id, once it has one."""
    return read_installation(play.house.home)


def board(play: Play, kickoff: int) -> str:
    """The board that this installation wrote, with its marker."""
    comments = play.bot.issue_comments(play.repo, kickoff)
    name = installation(play)
    own = (one["body"] for one in comments if lock_in(one["body"])["installation"] == name)
    return next(own, "")


def forged_lock() -> str:
    """What the board of another installation ends with, written by someone who may not write here."""
    fields = {"installation": "0" * 12, "locked_at": now(), "held": "yes"}
    return "A board.\n\n" + mark("board", "issue:1:board", "s", lock=fields)


def runs(play: Play) -> bool:
    """Whether a sprint of this installation runs."""
    store = play.house.store
    assert store
    return store.load(play.lane).state.get("running") is not None


def test_of_two_installations_one_starts_and_a_maintainer_may_unlock_the_other(plays: list[Play]) -> None:
    kickoff = plays[0].open("A sprint", "A thing.\n\n- a: The first")
    plays[0].say(kickoff, "/plan")
    for play in plays:
        play.wait(lambda one=play: "is waiting for your approval" in board(one, kickoff))  # type: ignore[misc]
    plays[0].say(kickoff, forged_lock(), by=plays[0].mallory)
    plays[0].say(kickoff, "/approve")
    plays[0].wait(lambda: any(WAITS in board(play, kickoff) for play in plays) and any(map(runs, plays)))
    starts, waits = sorted(plays, key=runs, reverse=True)
    assert not runs(waits) and f"`{installation(starts)}`" in board(waits, kickoff)
    starts.wait(lambda: starts.tasks())

    with_write = waits.say(kickoff, "/unlock", by=waits.bob)
    waits.wait(lambda: "confused" in waits.reactions(with_write))
    assert not runs(waits)
    waits.say(kickoff, "/why")
    waits.wait(lambda: any(WAITS in words for words in waits.all_written(kickoff, "answer")))

    waits.say(kickoff, "/unlock")
    waits.wait(lambda: runs(waits))
    lost = re.compile(rf"`{installation(waits)}`.*took over")
    starts.wait(lambda: any(lost.search(words) for words in starts.all_written(kickoff, "note")))
    starts.wait(
        lambda: WAITS in board(starts, kickoff) and lock_in(board(starts, kickoff))["locked_at"] == ""
    )
