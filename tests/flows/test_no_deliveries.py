"""No delivery ever comes: what people do is found by looking, and the bot's own writes are known again."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.flows.house import House, served
from tests.flows.play import Play


@pytest.fixture(scope="module")
def looking(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Iterator[str]]]:
    """A bot that looks around every second, and repositories without a hook for a scenario each."""
    repos = [house.repository(hooked=False) for _ in range(4)]
    often = {**house.settings, "CALORON_REPOS": ",".join(repos), "CALORON_RECONCILE_S": "1"}
    own = House(house.kind, house.client, often, house.real, house.fake_url, unhooked=True)
    with served(own, tmp_path_factory.mktemp("looking")) as up:
        yield up, iter(repos)


@pytest.fixture
def unhooked(looking: tuple[House, Iterator[str]]) -> Play:
    """A scenario of which no delivery comes."""
    house, repos = looking
    return Play(house, next(repos))


def boards_written(play: Play) -> Counter[str]:
    """How often each board was written."""
    store = play.house.store
    assert store
    told = [entry["event"] for entry in store.journal(play.lane, 0)]
    return Counter(one["hash"] for one in told if one["type"] == "shown" and one["kind"] == "board")


def rounds(play: Play) -> int:
    """How often the bot has looked around."""
    store = play.house.store
    assert store
    told = [entry["event"] for entry in store.journal(play.lane, 0)]
    return sum(one["type"] == "seen" and one["what"] == "catch_up" for one in told)


def look_around(play: Play, times: int = 3) -> None:
    """Wait until it has looked around some times more, and done what came of it."""
    before = rounds(play)
    play.wait(lambda: rounds(play) >= before + times)
    play.wait(play.rests)


def test_a_board_is_written_once_for_each_change_and_an_edit_is_undone_with_one_line(unhooked: Play) -> None:
    play = unhooked
    kickoff = play.kickoff("- a: The first")
    look_around(play)
    board = play.comment(kickoff, "board")
    assert sum(boards_written(play).values()) == 1

    for times in (1, 2):
        play.alice.edit_comment(play.repo, board["comment_id"], board["body"].replace("[ ]", "[x]"))
        play.wait(lambda many=times: len(play.all_written(kickoff, "note")) == many)  # type: ignore[misc]
        play.wait(lambda: play.comment(kickoff, "board")["body"].strip() == board["body"].strip())
        look_around(play)
    undone = play.all_written(kickoff, "note")
    assert len(undone) == 2 and all("I was not told who edited the board" in words for words in undone)
    assert sum(boards_written(play).values()) == 3
    assert play.tasks() == {}, "a ticked box that nobody signed starts nothing"

    play.say(kickoff, "/approve")
    play.approve_until_closed(kickoff)
    look_around(play)
    assert play.all_written(kickoff, "note") == undone
    written = boards_written(play)
    assert sorted(written.values())[-2:] == [1, 3], written


def test_a_label_that_no_delivery_told_of_holds_a_merge_and_its_removal_releases_it(unhooked: Play) -> None:
    play = unhooked
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    play.alice.set_labels(play.repo, number, ["caloron:hold"], [])
    play.alice.review(play.repo, number, "approve", "Good.")
    play.wait(lambda: any(event["type"] == "pr_review_submitted" for event in play.told()))
    look_around(play)
    assert not play.bot.pull(play.repo, number)["merged"]
    assert "held by @alice" in (play.written(kickoff, "board") or "")

    play.alice.set_labels(play.repo, number, [], ["caloron:hold"])
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, number)["merged"]


def test_a_pull_request_that_breaks_the_settings_is_found(unhooked: Play) -> None:
    play = unhooked
    play.write("settings", "settings.txt", "one\n")
    head = play.write("settings", ".caloron.yml", "pipeline:\n  paralel: 2\n")
    number = play.alice.create_pull(play.repo, "Other settings", "", "settings", "main")["number"]
    said = play.wait(lambda: play.written(number, "config"))
    assert said and f"{head}/.caloron.yml#L2" in said
    look_around(play)
    assert len(play.all_written(number)) == 1


def test_while_a_repository_is_archived_its_sprint_stands_still(unhooked: Play) -> None:
    play = unhooked
    store = play.house.store
    assert store
    kickoff = play.start("- a: Do one thing", "- b: Do another (after: a)")
    pull = play.pull("a")
    play.alice.review(play.repo, pull["number"], "comment", "I look at it later.")
    play.bot.api.send("PATCH", f"/repos/{play.repo}", {"archived": True})
    play.wait(lambda: store.load(play.lane).state["repo"].get("archived"))
    look_around(play)
    play.bot.api.send("PATCH", f"/repos/{play.repo}", {"archived": False})
    said = play.wait(lambda: [one for one in play.all_written(kickoff, "note") if "archived" in one])
    assert len(said) == 1 and said[0].endswith("It is not archived any more. I go on.")

    def ended() -> bool:
        play.approve_all()
        return play.closed(kickoff)

    play.wait(ended)
    assert play.merged("a") and play.merged("b")
