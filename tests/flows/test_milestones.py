"""Milestones come one after the other; gates open by themselves where a maintainer says so."""

from functools import partial

import pytest

from shell.forge.protocol import Milestone
from tests.flows.conftest import FORGES
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


def test_milestones_are_those_of_the_forge_too_and_a_box_begins_the_next(play: Play) -> None:
    theirs = play.bot.create_milestone(play.repo, "M2 Shop", "Made by hand.")
    kickoff = planned(play)
    play.say(kickoff, "/approve")
    play.pull("a")
    login = play.wait(lambda: milestone(play, "M1 Login"))
    assert login["state"] == "open" and f"A milestone of the sprint #{kickoff}." in login["description"]
    play.wait(lambda: milestone_of(play, "a") == "M1 Login")
    play.approve_all()
    play.wait(lambda: (milestone(play, "M1 Login") or login)["state"] == "closed")

    board = play.wait(lambda: box_to_go_on(play, kickoff))
    number = play.comment(kickoff, "board")["comment_id"]
    play.alice.edit_comment(play.repo, number, board.replace("- [ ] Continue to", "- [x] Continue to"))
    play.answer(kickoff, "M2 Shop begins.")
    play.approve_until_closed(kickoff)
    play.quiet()
    assert [milestone_of(play, name) for name in ("b", "c")] == ["M2 Shop", "M2 Shop"]
    assert milestone(play, "M2 Shop") == theirs, "what people made is theirs to close"
    assert sorted(one["title"] for one in play.bot.milestones(play.repo)) == ["M1 Login", "M2 Shop"]


def milestone(play: Play, title: str) -> Milestone | None:
    return next((one for one in play.bot.milestones(play.repo) if one["title"] == title), None)


def milestone_of(play: Play, task: str) -> str:
    raw = play.bot.api.get(f"/repos/{play.repo}/issues/{play.task(task)}")
    return str((raw["milestone"] or {}).get("title"))


def box_to_go_on(play: Play, kickoff: int) -> str:
    """The board, once it has the box of the next milestone."""
    body: str = play.comment(kickoff, "board")["body"]
    return body if "- [ ] Continue to M2 Shop (`/next`)" in body else ""


@pytest.mark.parametrize("house", FORGES[:2], indirect=True)
def test_a_forge_that_refuses_milestones_stops_no_sprint(play: Play) -> None:
    play.house.fault(method="POST", path=f"{play.repo}/milestones", status=403)
    kickoff = planned(play)
    play.say(kickoff, "/approve")
    play.wait(
        lambda: [text for text in play.all_written(kickoff, "note") if "refused to make a milestone" in text]
    )
    play.pull("a")
    play.approve_all()
    play.wait(lambda: box_to_go_on(play, kickoff))
    play.say(kickoff, "/next")
    play.approve_until_closed(kickoff)
    assert play.merged("c") and play.bot.milestones(play.repo) == []
    assert sum("refused to make a milestone" in text for text in play.all_written(kickoff, "note")) == 1


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
