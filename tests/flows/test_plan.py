"""A plan is what was shown: it changes with its text, and is approved by its hash."""

import re

import pytest

from tests.flows.conftest import FORGES
from tests.flows.play import PLAN_LABEL, Play


def shown_hash(play: Play, kickoff: int) -> str:
    """The hash at the foot of the board."""
    found = re.search(r"Plan `([0-9a-f]+)`", play.written(kickoff, "board") or "")
    assert found
    return found[1]


def test_a_changed_plan_is_approved_by_its_own_hash(play: Play) -> None:
    kickoff = play.kickoff("- a: The first")
    old = shown_hash(play, kickoff)
    play.alice.edit_issue(play.repo, kickoff, body="Another thing.\n\n- b: The second")
    play.say(kickoff, "/plan")
    play.wait(lambda: shown_hash(play, kickoff) != old)
    play.quiet()
    late = play.say(kickoff, f"/approve {old}")
    play.answer(kickoff, f"not `{old}`")
    play.reacted(late, "eyes", "confused")
    play.nothing_started(late)

    good = play.say(kickoff, f"/approve {shown_hash(play, kickoff)}")
    play.reacted(good, "eyes", "rocket")
    play.approve_until_closed(kickoff)
    assert set(play.tasks()) == {"b"}
    assert len(play.all_written(kickoff, "board")) == 1


@pytest.mark.parametrize("house", FORGES[:2], indirect=True)
def test_an_approval_waits_for_the_word_of_a_board_that_was_shown_before_it(play: Play) -> None:
    number = play.open("A sprint", "A thing to be made.\n\n- a: The first")
    path = f"{play.repo}/issues/{number}/comments"
    play.house.fault(method="POST", path=path, status=503, after=True, times=1)  # the board
    play.alice.set_labels(play.repo, number, [PLAN_LABEL], [])
    play.wait(lambda: play.written(number, "board"))
    said = play.say(number, "/approve")
    play.reacted(said, "eyes", "rocket")
    play.approve_until_closed(number)
    assert len(play.all_written(number, "board")) == 1
    told = [event.get("name") or event.get("kind") or event["type"] for event in play.told()]
    assert told.index("approve") < told.index("board"), "the approval came after the word of the board"


def test_a_plan_that_cannot_be_is_said_and_can_be_mended(play: Play) -> None:
    number = play.open("A sprint", "Round and round.\n\n- a: One (after: b)\n- b: Two (after: a)")
    play.alice.set_labels(play.repo, number, [PLAN_LABEL], [])
    play.answer(number, "I could not plan this sprint")
    said = play.say(number, "/approve")
    play.reacted(said, "eyes", "confused")
    play.nothing_started(said)
    play.alice.edit_issue(play.repo, number, body="Straight on.\n\n- a: One\n- b: Two (after: a)")
    play.say(number, "/plan")
    play.wait(lambda: play.written(number, "board"))
    play.quiet()
    play.say(number, "/approve")
    play.approve_until_closed(number)
    assert set(play.tasks()) == {"a", "b"}


def test_a_branch_that_someone_has_put_in_the_way_is_not_written_over(play: Play) -> None:
    kickoff = play.kickoff("- a: The first")
    branch = f"agent/{play.sprint_id(kickoff)}/a"
    theirs = play.write(branch, "theirs.txt", "mine\n")
    pull = play.alice.create_pull(play.repo, "Mine", "Not yours.", branch, "main")
    play.say(kickoff, "/approve")
    play.wait(lambda: play.is_in("a", "escalated"))
    play.quiet()
    assert f"pull request #{pull['number']} by alice" in (play.written(kickoff, "note") or "")
    assert play.bot.branch_head(play.repo, branch) == theirs
    there = play.bot.pull(play.repo, pull["number"])
    assert there["state"] == "open" and not there["merged"]

    play.alice.edit_issue(play.repo, pull["number"], state="closed")
    play.alice.api.send("DELETE", f"/repos/{play.repo}/" + play.branch_path(branch))
    play.say(play.task("a"), "/retry")
    play.approve_until_closed(kickoff)
    assert "theirs.txt" not in play.bot.tree(play.repo, "main")


def test_a_plan_that_is_sent_back_waits_for_another_and_says_why(play: Play) -> None:
    kickoff = play.kickoff("- a: The first")
    refused = play.say(kickoff, "/reject plan I am nobody", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    said = play.say(kickoff, "/reject plan the tests are missing")
    play.wait(lambda: "Sent back once:\n\n- @alice: the tests are missing" in (board_of(play, kickoff)))
    play.reacted(said, "eyes", "rocket")
    play.say(kickoff, "/approve")
    play.answer(kickoff, "@alice sent this plan back. Edit the issue and say `/plan`.")
    play.quiet()
    assert play.tasks() == {} and "was sent back" in board_of(play, kickoff)

    for number, words in ((2, "still none"), (3, "none at all")):
        play.say(kickoff, "/plan")
        play.wait(lambda: "is waiting for your approval" in board_of(play, kickoff))
        play.say(kickoff, f"/reject plan {words}")
        play.wait(lambda n=number: f"Sent back {n} times:" in board_of(play, kickoff))  # type: ignore[misc]
    play.answer(kickoff, "@alice, this plan was sent back 3 times.")
    play.say(kickoff, "/plan")
    play.wait(lambda: "is waiting for your approval" in board_of(play, kickoff))
    assert "- @alice: none at all" in board_of(play, kickoff)
    play.say(kickoff, "/approve")
    play.approve_until_closed(kickoff)


def test_with_auto_a_persons_own_text_starts_and_what_others_wrote_waits(play: Play) -> None:
    theirs = play.open("Mine too", "- b: The second", by=play.mallory)
    play.say(theirs, "/plan --auto")
    play.wait(lambda: "`--auto` starts only what the one who says `/plan` wrote" in board_of(play, theirs))
    play.quiet()
    assert play.tasks() == {}

    own = play.open("A sprint", "- a: The first\n- c: The third")
    play.say(own, "/plan --auto --agents 1")
    play.pull("a")
    play.pull("c")
    told = [one for one in play.told() if one["type"] in ("agent_started", "agent_finished")]
    assert [one["type"] for one in told] == ["agent_started", "agent_finished"] * 2
    play.say(own, "/config")
    assert f"`pipeline.parallel`: `1` — `/plan --agents` of the running sprint, #{own}" in play.answer(
        own, "These settings are in effect:"
    )
    play.approve_until_closed(own)
    assert set(play.tasks()) == {"a", "c"}


def test_a_sprint_stays_in_the_budget_that_its_plan_asked_for(play: Play) -> None:
    play.write("main", ".caloron.yml", "budget:\n  sprint: 50k\n", by=play.bot)
    kickoff = play.kickoff("- costly: Do something")
    refused = play.say(kickoff, "/plan --budget 80k")
    said = play.answer(kickoff, "50,000 tokens at most here")
    assert "`/budget`" in said
    play.reacted(refused, "eyes", "confused")
    play.say(kickoff, "/plan --budget 900")
    play.wait(lambda: "900 tokens" in board_of(play, kickoff))
    play.say(kickoff, "/approve")
    pull = play.pull("costly")
    play.request_changes(pull["number"], "Please, more.", "costly.txt", "Here.")
    play.wait(lambda: "this sprint, 900 tokens, is used up" in board_of(play, kickoff))
    play.quiet()
    assert play.outcomes("costly") == ["done"]


def board_of(play: Play, kickoff: int) -> str:
    return play.written(kickoff, "board") or ""
