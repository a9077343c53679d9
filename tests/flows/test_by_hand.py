"""People do with their own hands what the bot does, or undo it."""

from tests.flows.play import Play


def test_a_merge_by_hand_is_a_merge(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    pull = play.pull("a")
    play.alice.merge(play.repo, pull["number"], pull["head"]["sha"], "merge", False)
    play.wait(lambda: play.is_in("a", "done"))
    play.wait(lambda: play.closed(play.task("a")))
    play.approve_until_closed(kickoff)
    assert all(there["merged"] for there in play.pulls()) and len(play.pulls()) == 2


def test_labels_changed_by_hand_are_put_right(play: Play) -> None:
    play.start("- a: The first")
    play.pull("a")
    number = play.task("a")
    play.alice.set_labels(play.repo, number, ["caloron:done"], ["caloron:task", "caloron:review-pending"])
    play.wait(lambda: sorted(play.issue(number)["labels"]) == ["caloron:review-pending", "caloron:task"])
    play.quiet()
    assert not play.closed(number)


def test_a_retry_has_its_hint_and_a_skipped_dependency_is_said(play: Play) -> None:
    kickoff = play.start("- noisy: Talk a lot", "- b: The second (after: noisy)")
    play.wait(lambda: play.is_in("noisy", "escalated"))
    play.wait(lambda: "blocked" in (play.written(kickoff, "board") or ""))
    number = play.task("noisy")
    play.say(number, '/retry --hint "Say it with a file, please."')
    play.wait(lambda: len(play.runs("noisy")) == 3)
    assert play.was_told("noisy")
    play.approve_until_closed(kickoff)
    assert play.bot.file(play.repo, "noisy.txt") == "at last\n"
    assert play.is_in("b", "done")


def test_the_label_skip_is_the_command(play: Play) -> None:
    kickoff = play.start("- noisy: Talk a lot")
    play.wait(lambda: play.is_in("noisy", "escalated"))
    number = play.task("noisy")
    play.alice.set_labels(play.repo, number, ["caloron:skip"], [])
    play.wait(lambda: play.closed(number) and play.closed(kickoff))
    play.wait(lambda: sorted(play.issue(number)["labels"]) == ["caloron:done", "caloron:task"])


def test_a_closed_kickoff_stops_its_sprint(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    play.pull("a")
    play.alice.edit_issue(play.repo, kickoff, state="closed")
    play.wait(lambda: play.is_in("a", "sprint-cancelled"))
    play.wait(lambda: play.written(kickoff, "retro"))
    play.quiet()
    assert play.closed(kickoff) and set(play.tasks()) == {"a"}
    assert "was stopped" in (play.written(kickoff, "board") or "")


def test_who_shares_the_bot_s_account_cannot_approve(play: Play) -> None:
    number = play.open("A sprint", "- a: The first", by=play.bot)
    play.say(number, "/plan", by=play.bot)
    play.wait(lambda: play.written(number, "board"))
    said = play.say(number, "/approve", by=play.bot)
    play.answer(number, "my own account")
    play.nothing_started(said)
    play.say(number, "/approve")
    play.pull("a")


def test_a_merge_that_the_forge_forbids_is_said_once(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    play.protect_main(approvals=2)
    play.approve_all()
    issue = play.task("a")
    play.wait(lambda: play.written(issue, "note"))
    play.quiet()
    [said] = play.all_written(issue, "note")
    assert said.count(f"The forge refused to merge #{pull['number']}: “") == 1
    assert not play.closed(kickoff)
    play.unprotect_main()
    play.alice.review(play.repo, pull["number"], "approve", "Once more.")
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, pull["number"])["merged"]
