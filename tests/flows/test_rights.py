"""Who may, and who may not: strangers, look-alikes, an account with too few rights."""

from collections.abc import Callable

from tests.flows.house import ALICE, BOT, MALLORY, House
from tests.flows.play import PLAN_LABEL, Play


def test_a_stranger_approves_nothing_and_is_told_kindly(play: Play) -> None:
    kickoff = play.kickoff("- a: The first")
    said = play.say(kickoff, "/approve", by=play.mallory)
    assert "\n" not in play.answer(kickoff, "@mallory, `/approve` needs write access; ask a maintainer.")
    play.reacted(said, "eyes", "confused")
    play.nothing_started(said)


def test_a_label_of_someone_without_the_right_is_taken_off_with_a_line(staged: Callable[..., Play]) -> None:
    play = staged(hooked=False)
    play.bot.make_labels(play.repo, [{"name": PLAN_LABEL, "color": "1d76db", "description": ""}])
    number = play.open("A sprint", "- a: The first", by=play.mallory)
    play.alice.set_labels(play.repo, number, [PLAN_LABEL], [])
    play.bot.api.send("DELETE", f"/repos/{play.repo}/collaborators/{ALICE}")
    play.house.hook(play.repo)
    with play.noticed(f"issue:{number}", by=MALLORY):
        play.mallory.edit_issue(play.repo, number, title="A sprint, please")

    play.wait(lambda: PLAN_LABEL not in play.issue(number)["labels"])
    play.answer(number, "@alice, `/plan` needs write access; ask a maintainer.")
    assert play.tasks() == {} and play.pulls() == []
    assert len(play.all_written(number)) == 1


def test_an_issue_that_looks_like_a_task_is_none(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    play.pull("a")
    marker = str(play.issue(play.task("a"))["body"]).splitlines()[-1]
    text = "Part of the sprint.\n\nlabels: caloron:task\n\n" + marker.replace("task=a", "task=b").replace(
        "/a/", "/b/"
    )
    fake = play.open("The second", text, by=play.mallory, labels=())
    play.opened(fake, by=MALLORY)
    assert play.all_written(fake) == []
    assert play.pull_of("b") is None

    play.approve_until_closed(kickoff)
    assert play.task("b") != fake
    assert play.issue(fake)["state"] == "open" and play.issue(fake)["labels"] == []
    assert len(play.pulls()) == 2


def test_a_comment_that_carries_the_marker_of_the_board_is_left_alone(play: Play) -> None:
    number = play.open("A sprint", "- a: The first", by=play.mallory)
    name = play.repo.partition("/")[2]
    forged = f"Hello.\n\n<!-- caloron:board key=issue:{number}:board -->"
    known = play.kickoff("- a: The first")
    sprint = play.comment(known, "board")["body"].rpartition("sprint=")[2].partition(" ")[0]
    sprint = f"{sprint.rpartition('-')[0]}-{number}"
    assert sprint.startswith(name)
    forged = forged.replace(" -->", f" sprint={sprint} -->")
    comment_id = play.say(number, forged, by=play.mallory)
    play.heard(comment_id)
    play.alice.set_labels(play.repo, number, [PLAN_LABEL], [])
    play.wait(lambda: play.written(number, "board"))
    theirs = [one for one in play.bot.issue_comments(play.repo, number) if one["comment_id"] == comment_id]
    assert theirs[0]["body"].strip() == forged


def test_a_pull_request_that_looks_like_ours_is_none(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    ours = play.pull("a")
    branch = ours["head"]["ref"].removesuffix("/a") + "/b"
    marker = str(ours["body"]).splitlines()[-1].replace("task=a", "task=b")
    with play.noticed(f"branch:{branch}"):
        head = play.write(branch, "trojan.txt", "hello\n")
    said = play.alice.create_pull(play.repo, "The second", f"Closes #1\n\n{marker}", branch, "main")
    play.opened(said["number"], kind="pull")
    with play.noticed(f"pull:{said['number']}", by=BOT):
        play.bot.review(play.repo, said["number"], "approve", "Good.")
    with play.noticed(f"commit:{head}"):
        play.alice.set_status(play.repo, head, "success", "ci")
    there = play.bot.pull(play.repo, said["number"])
    assert not there["merged"] and there["labels"] == []
    assert play.all_written(said["number"]) == []
    assert "b" not in play.tasks()

    play.alice.edit_issue(play.repo, said["number"], state="closed")
    play.alice.api.send("DELETE", f"/repos/{play.repo}/" + play.branch_path(branch))
    play.approve_until_closed(kickoff)
    assert "trojan.txt" not in play.bot.tree(play.repo, "main")
    assert play.is_in("b", "done")


def test_an_account_that_may_only_write_says_exactly_that(staged: Callable[..., Play], house: House) -> None:
    play = staged(owner=ALICE, rights={BOT: "write"})
    number = play.open("A sprint", "- a: The first")
    said = play.say(number, "/plan")
    if house.kind == "github":  # there one who may write may ask
        play.wait(lambda: play.written(number, "board"))
        return
    assert "not allowed to look up permissions" in play.answer(number, "administrator of this repository")
    play.reacted(said, "eyes", "confused")
    play.nothing_started(said)


def test_an_empty_repository_is_asked_for_a_first_commit(staged: Callable[..., Play]) -> None:
    play = staged(empty=True)
    number = play.open("A sprint", "- a: The first")
    said = play.say(number, "/plan")
    play.answer(number, "push a first commit")
    play.reacted(said, "eyes", "confused")
    with play.noticed("branch:main", by=BOT):
        play.first_commit()
    again = play.say(number, "Now it has one.\n\n/plan")
    play.wait(lambda: play.written(number, "board"))
    play.reacted(again, "eyes", "rocket")


def test_a_stranger_closes_a_kickoff_in_vain(play: Play) -> None:
    number = play.open("A sprint", "- a: The first", by=play.mallory)
    play.alice.set_labels(play.repo, number, [PLAN_LABEL], [])
    play.wait(lambda: play.written(number, "board"))
    play.mallory.edit_issue(play.repo, number, state="closed")
    play.wait(lambda: play.written(number, "note"))
    play.wait(lambda: not play.closed(number))
    play.quiet()
    assert len(play.all_written(number, "note")) == 1
    play.say(number, "/approve")
    play.approve_until_closed(number)
    play.wait(lambda: play.is_in("a", "done"))
    assert MALLORY in (play.issue(number)["author"],)
