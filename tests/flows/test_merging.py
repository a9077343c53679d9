"""Reviews, checks, merges, and what stands in their way."""

from collections.abc import Iterator

import pytest

from tests.flows.house import ALICE, BOB, MALLORY, House
from tests.flows.play import Play
from tests.flows.recorded_agents import WISH, WISH_INLINE


@pytest.fixture(scope="session")
def clash(house: House) -> Iterator[tuple[Play, int]]:
    """Two tasks that write the same file, both approved: to be sure of the conflict takes a while."""
    play = Play(house, house.repository())
    kickoff = play.start("- left: One side", "- right: The other side")
    for task in ("left", "right"):
        play.pull(task)
    play.approve_all()
    yield play, kickoff


pytestmark = pytest.mark.usefixtures("clash")


def test_a_review_that_asks_for_changes_comes_back_on_the_same_pull_request(play: Play) -> None:
    kickoff = play.start("- wish: Show the price")
    first = play.pull("wish")
    play.request_changes(first["number"], WISH, "wish.txt", WISH_INLINE)
    play.wait(lambda: play.bot.pull(play.repo, first["number"])["head"]["sha"] != first["head"]["sha"])
    second = play.pull("wish")
    assert second["number"] == first["number"]
    assert play.was_told("wish")
    play.quiet()
    assert not play.bot.pull(play.repo, first["number"])["merged"]
    play.approve_until_closed(kickoff)
    assert play.bot.file(play.repo, "wish.txt") == "4.50\n"
    assert len(play.pulls()) == 1


def test_what_two_reviews_ask_for_is_told_whenever_they_come(play: Play) -> None:
    kickoff = play.start("- wishes: Show the price")
    first = play.pull("wishes")
    play.alice.review(play.repo, first["number"], "request_changes", WISH)
    play.alice.review(play.repo, first["number"], "request_changes", WISH_INLINE)
    play.wait(lambda: play.was_told("wishes"))
    play.approve_until_closed(kickoff)
    assert play.bot.file(play.repo, "wishes.txt") == "4.50\n"
    assert len(play.pulls()) == 1


def test_a_pull_request_closed_unmerged_is_reworked(play: Play) -> None:
    kickoff = play.start("- a: The first")
    first = play.pull("a")
    play.alice.edit_issue(play.repo, first["number"], state="closed")
    play.wait(lambda: len(play.pulls()) == 2)
    play.approve_until_closed(kickoff)
    assert play.bot.file(play.repo, "a.txt") == "round 2\n"
    assert [pull["merged"] for pull in play.pulls()] == [False, True]


def test_a_closed_task_issue_is_left_out_until_it_is_opened_again(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second")
    play.pull("a")
    play.pull("b")
    number = play.task("a")
    play.alice.edit_issue(play.repo, number, state="closed")
    play.wait(lambda: play.is_in("a", "done"))
    play.wait(lambda: "/skip" in (play.written(number, "note") or ""))
    play.quiet()
    assert play.closed(number) and not play.pull_of("a")["merged"]  # type: ignore[index]

    play.alice.edit_issue(play.repo, number, state="open")
    play.wait(lambda: play.is_in("a", "review-pending"))
    play.approve_until_closed(kickoff)
    assert all(pull["merged"] for pull in play.pulls())
    assert len([one for one in play.all_written(number, "note") if "/skip" in one]) == 1


def test_only_the_approval_of_this_head_with_green_checks_merges(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, old = pull["number"], pull["head"]["sha"]
    with play.noticed(f"commit:{old}"):
        play.alice.set_status(play.repo, old, "pending", "ci")
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.")
    assert not play.bot.pull(play.repo, number)["merged"], "a pending status waits"

    with play.noticed(f"pull:{number}", by=BOB):
        head = play.write(pull["head"]["ref"], "more.txt", "one more thing\n", by=play.bob)
    with play.noticed(f"commit:{head}"):
        play.alice.set_status(play.repo, head, "success", "ci")
    assert not play.bot.pull(play.repo, number)["merged"], "the approval was of another head"

    with play.noticed(f"commit:{head}"):
        play.alice.set_status(play.repo, head, "failure", "ci")
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Still good.")
    assert not play.bot.pull(play.repo, number)["merged"], "its checks have failed"
    play.alice.set_status(play.repo, head, "success", "ci")
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, number)["merged"]
    assert "more.txt" in play.bot.tree(play.repo, "main")


def test_who_approves_an_older_head_is_told_once(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, old = pull["number"], pull["head"]["sha"]
    with play.noticed(f"pull:{number}", by=BOB):
        head = play.write(pull["head"]["ref"], "more.txt", "one more thing\n", by=play.bob)
    with play.noticed(f"pull:{number}", by=MALLORY):
        play.mallory.review(play.repo, number, "approve", "Good.", old)
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.", old)
    play.wait(lambda: play.written(number, "note"))
    play.quiet()
    said = f"You approved `{old[:7]}`, but the branch is now at `{head[:7]}`; please approve again."
    assert play.all_written(number, "note") == [f"Thank you, @{ALICE}. {said}"]
    assert not play.bot.pull(play.repo, number)["merged"]

    play.alice.review(play.repo, number, "approve", "Still good.", head)
    play.wait(lambda: play.closed(kickoff))
    assert len(play.all_written(number, "note")) == 1


def test_a_stranger_s_approval_merges_nothing(play: Play) -> None:
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    with play.noticed(f"pull:{number}", by=MALLORY):
        play.mallory.review(play.repo, number, "approve", "Ship it.")
    assert not play.bot.pull(play.repo, number)["merged"]
    play.approve_until_closed(kickoff)


def test_what_someone_pushed_is_kept_by_the_next_round(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    with play.noticed(f"pull:{pull['number']}", by=BOB):
        play.write(pull["head"]["ref"], "theirs.txt", "by hand\n", by=play.bob)
    play.alice.review(play.repo, pull["number"], "request_changes", "More, please.")
    play.wait(lambda: play.bot.file(play.repo, "a.txt", pull["head"]["ref"]) == "round 2\n")
    play.pull("a")
    play.approve_until_closed(kickoff)
    assert {"theirs.txt", "a.txt"} <= set(play.bot.tree(play.repo, "main"))


def test_a_merge_that_conflicts_goes_back_with_the_base_merged_in(clash: tuple[Play, int]) -> None:
    play, kickoff = clash
    play.wait(lambda: sorted(p["merged"] for p in play.pulls()) == [False, True])
    [waiting] = [pull for pull in play.pulls() if not pull["merged"]]
    task = waiting["head"]["ref"].rpartition("/")[2]
    play.wait(lambda: play.outcomes(task) == ["done", "done"])
    play.pull(task)
    play.quiet()
    assert not play.bot.pull(play.repo, waiting["number"])["merged"], "the approval is asked again"
    play.approve_until_closed(kickoff)
    assert play.bot.file(play.repo, "shared.txt") == "left and right\n"
    assert len(play.pulls()) == 2 and all(pull["merged"] for pull in play.pulls())
