"""What people say on a thread, and what they see for it."""

from handlers.repository_labels import OFFERED_LABELS
from tests.flows.play import PLAN_LABEL, Play


def test_the_small_commands_answer(play: Play) -> None:
    kickoff = play.kickoff("- a: The first", "- b: The second (after: a)")
    ping = play.say(kickoff, "/ping", by=play.mallory)
    play.answer(kickoff, "I am here")
    play.reacted(ping, "eyes", "rocket")
    play.say(kickoff, "/help")
    play.answer(kickoff, "`/approve")
    status = play.say(kickoff, "/status", by=play.mallory)
    play.reacted(status, "eyes", "rocket")
    before = len(play.all_written(kickoff, "answer"))
    play.heard(play.say(kickoff, "/lgtm, and `/approve` later; /tmp is full"))
    play.heard(play.say(kickoff, "/stauts"))
    play.answer(kickoff, "/stauts")
    assert len(play.all_written(kickoff, "answer")) == before + 1
    assert len(play.all_written(kickoff, "board")) == 1


def test_status_on_a_task_points_to_the_board(play: Play) -> None:
    kickoff = play.start("- a: The first")
    play.pull("a")
    play.say(play.task("a"), "/status")
    play.answer(play.task("a"), f"#{kickoff}")


def test_stop_ends_the_sprint(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    pull = play.pull("a")
    refused = play.say(kickoff, "/stop", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    said = play.say(kickoff, "/stop")
    play.wait(lambda: play.closed(kickoff))
    play.reacted(said, "eyes", "rocket")
    play.wait(lambda: play.is_in("a", "sprint-cancelled"))
    play.quiet()
    assert set(play.tasks()) == {"a"}
    there = play.bot.pull(play.repo, pull["number"])
    assert not there["merged"] and there["labels"] == ["caloron:sprint-cancelled"]
    assert "was stopped" in (play.written(kickoff, "board") or "")


def test_a_board_edited_by_hand_is_drawn_anew_each_time(play: Play) -> None:
    kickoff = play.kickoff("- a: The first")
    play.quiet()
    board = play.comment(kickoff, "board")
    marker = board["body"].splitlines()[-1]
    for _ in range(2):
        play.alice.edit_comment(play.repo, board["comment_id"], f"Scribbled over.\n\n{marker}")
        play.wait(lambda: play.comment(kickoff, "board")["body"].strip() == board["body"].strip())
        play.quiet()


def test_a_label_that_is_there_from_the_start_acts_once(play: Play) -> None:
    play.bot.make_labels(play.repo, OFFERED_LABELS)
    number = play.open("A sprint", "- a: The first", labels=(PLAN_LABEL,))
    play.wait(lambda: play.written(number, "board"))
    play.issue_reacted(number, "rocket")
    play.quiet()
    assert len(play.all_written(number)) == 1, "the board alone"


def test_what_an_issue_s_own_text_asks_for_has_its_reactions_there(play: Play) -> None:
    number = play.open("A sprint", "- a: The first\n\n/plan")
    play.issue_reacted(number, "eyes", "rocket")
    play.wait(lambda: play.written(number, "board"))
    theirs = play.open("Mine too", "- a: The first\n\n/plan", by=play.mallory)
    play.issue_reacted(theirs, "eyes", "confused")
    play.answer(theirs, "/plan")
    wrong = play.open("A question", "/plan --agnets 3")
    play.issue_reacted(wrong, "confused")
    play.quiet()
    assert play.all_written(number, "answer") == []


def test_two_kickoffs_run_one_after_the_other(play: Play) -> None:
    first = play.start("- a: The first")
    play.pull("a")
    second = play.kickoff("- b: The second")
    play.say(second, "/approve")
    play.wait(lambda: f"waiting behind #{first}" in (play.written(second, "board") or ""))
    play.quiet()
    assert set(play.tasks()) == {"a"}
    play.approve_until_closed(first)
    assert not play.closed(second)
    play.approve_until_closed(second)
    assert set(play.tasks()) == {"a", "b"}
    assert len(play.pulls()) == 2 and all(pull["merged"] for pull in play.pulls())


def test_an_approval_in_a_quote_or_a_block_starts_nothing(play: Play) -> None:
    kickoff = play.kickoff("- a: The first")
    said = play.say(kickoff, "> /approve\n\n```\n/approve\n```\n\nI would say `/approve`, but not yet.")
    play.nothing_started(said)


def test_what_is_told_reaches_the_next_run_and_the_log_shows_the_last(play: Play) -> None:
    play.start("- a: The first")
    pull, issue = play.pull("a"), play.task("a")
    play.say(issue, "/tell Use tabs, please.")
    play.answer(issue, "Its agent gets this when it runs next.")
    play.say(pull["number"], "/log")
    log = play.answer(pull["number"], "The end of run 1 of `a`:")
    assert "CALORON_FEEDBACK_START" in log and "caloron agents --log a" in log
    play.say(issue, "/retry")
    play.wait(lambda: len(play.runs("a")) == 2)
    assert "> @alice: Use tabs, please." in play.prompt_of("a", 2)
