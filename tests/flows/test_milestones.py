"""Milestones come one after the other; gates open by themselves where a maintainer says so."""

from functools import partial

import pytest

from tests.flows.house import ALICE
from tests.flows.play import Play

KICKOFF = (
    "A shop.\n\n## M1 Login\n\n- a: The first\n\n## M2 Shop\n\n- b: The second\n- c: The third (after: b)\n"
)


def waits_behind(play: Play, number: int, running: int) -> bool:
    return f"waiting behind #{running}" in (play.written(number, "board") or "")


def planned(play: Play) -> int:
    """A kickoff with two milestones, whose plan waits."""
    kickoff = play.open("A shop", KICKOFF)
    play.say(kickoff, "/plan")
    play.wait(lambda: "**M2 Shop**" in (play.written(kickoff, "board") or ""))
    return kickoff


def test_the_next_milestone_waits_for_people(play: Play) -> None:
    kickoff = planned(play)
    play.say(kickoff, "/approve")
    play.pull("a")
    play.say(kickoff, "/next")
    play.answer(kickoff, "M2 Shop begins once these have ended: `a`.")
    play.say(kickoff, "/why b")
    play.answer(kickoff, "its milestone begins after M1 Login")
    play.approve_all()
    play.wait(lambda: any("Continue to M2 Shop?" in text for text in play.all_written(kickoff)))
    play.quiet()
    assert set(play.tasks()) == {"a"} and play.merged("a")
    board = play.written(kickoff, "board") or ""
    assert "**M1 Login** · 1 of 1 done" in board and "`/next` begins M2 Shop" in board
    refused = play.say(kickoff, "/next", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    play.say(kickoff, "/approve next")
    play.answer(kickoff, "M2 Shop begins.")
    play.approve_until_closed(kickoff)
    assert play.merged("c")
    assert sum("Continue to M2 Shop?" in text for text in play.all_written(kickoff)) == 1


def test_gates_open_by_themselves_where_a_maintainer_says_so(play: Play) -> None:
    kickoff = planned(play)
    refused = play.say(kickoff, "/auto on")
    play.reacted(refused, "eyes", "confused")
    play.bot.api.send("PUT", f"/repos/{play.repo}/collaborators/{ALICE}", {"permission": "admin"})
    play.say(kickoff, "/auto on")
    play.answer(kickoff, "Gates of this sprint open by themselves from now on")
    play.pull("a")
    assert "gates open by themselves (`/auto off`)" in (play.written(kickoff, "board") or "")
    play.approve_until_closed(kickoff)
    assert play.merged("c")
    assert any("M1 Login is done; M2 Shop begins." in text for text in play.all_written(kickoff))


@pytest.mark.parametrize("text", ["pipeline:\n  milestones: auto\n", "gates:\n  next: auto\n"])
def test_milestones_follow_one_another_where_the_file_says_so(play: Play, text: str) -> None:
    play.write("main", ".caloron.yml", text, by=play.bot)
    kickoff = planned(play)
    play.say(kickoff, "/approve")
    play.approve_until_closed(kickoff)
    assert play.merged("c")


def test_an_approved_sprint_is_started_before_the_others_that_wait(play: Play) -> None:
    first = play.start("- a: The first")
    play.pull("a")
    second, third = play.kickoff("- b: The second"), play.kickoff("- c: The third")
    play.say(third, "/start")
    play.answer(third, "This plan waits for `/approve`.")
    for number in (second, third):
        play.say(number, "/approve")
        play.wait(partial(waits_behind, play, number, first))
    play.say(third, "/start")
    play.answer(third, f"This sprint starts next, once #{first} has ended.")
    play.approve_until_closed(first)
    play.wait(lambda: "is running" in (play.written(third, "board") or ""))
    assert f"waiting behind #{third}" in (play.written(second, "board") or "")
