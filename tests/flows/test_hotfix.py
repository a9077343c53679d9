"""`/hotfix` and its label: one task beside a sprint, or alone, merged only with a check that passed."""

from collections.abc import Callable

from handlers.repository_labels import OFFERED_LABELS
from tests.flows.house import ALICE, BOB, BOT, MALLORY
from tests.flows.play import Play
from tests.flows.test_plan import board_of

FILE, HOTFIX = ".caloron.yml", "caloron:hotfix"
UNCHECKED = "waiting for a check that passes: a hotfix needs one, or `verify` in `.caloron.yml`"


def maintained(staged: Callable[..., Play], settings: str) -> Play:
    """A repository that alice administers and bob may write to, with these settings."""
    play = staged(rights={ALICE: "admin", BOB: "write"})
    play.write("main", FILE, settings, by=play.bot)
    return play


def approve(play: Play, number: int) -> None:
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.")


def test_a_hotfix_beside_a_sprint_is_merged_while_that_goes_on(staged: Callable[..., Play]) -> None:
    play = maintained(staged, "pipeline:\n  parallel: 1\n")
    kickoff = play.start("- cut: It takes long")
    play.has_written("cut", "half.txt")
    theirs = play.open("The page is gone", "It answers 500.\n\n<!-- a form -->", by=play.mallory)
    play.opened(theirs, by=MALLORY)
    refused = play.say(theirs, "/hotfix", by=play.bob)
    play.reacted(refused, "eyes", "confused")
    assert "`/hotfix` needs maintain access" in play.answer(theirs, "@bob")
    play.bot.make_labels(play.repo, OFFERED_LABELS)
    play.bob.set_labels(play.repo, theirs, [HOTFIX], [])
    play.wait(lambda: len(play.all_written(theirs, "answer")) == 2)
    play.wait(lambda: HOTFIX not in play.issue(theirs)["labels"])
    play.quiet()
    assert set(play.tasks()) == {"cut"} and "hotfix" not in board_of(play, kickoff)

    play.alice.set_labels(play.repo, theirs, [HOTFIX], [])
    said = play.answer(theirs, "+ hotfix-1 The page is gone (hotfix)")
    assert "It begins at once, before all other tasks." in said
    pull = play.wait(lambda: play.pull_of("hotfix-1"))
    assert pull and f"Closes #{theirs}" in (pull["body"] or "")
    play.wait(lambda: "caloron:review-pending" in play.issue(theirs)["labels"])
    prompt = play.prompt_of("hotfix-1")
    assert "It answers 500." in prompt and "a form" not in prompt
    assert HOTFIX not in play.issue(theirs)["labels"]

    approve(play, pull["number"])
    play.say(theirs, "/why")
    play.answer(theirs, UNCHECKED)
    play.wait(lambda: f"(`hotfix-1`, hotfix) #{theirs} |" in board_of(play, kickoff))
    assert UNCHECKED in board_of(play, kickoff) and not play.merged("hotfix-1")
    play.alice.set_status(play.repo, pull["head"]["sha"], "success", "ci/test")
    play.wait(lambda: play.merged("hotfix-1") and play.closed(theirs))
    assert play.outcomes("cut") == [] and not play.closed(kickoff)
    play.say(kickoff, "/drop-task cut")
    play.wait(lambda: play.closed(kickoff))
    play.quiet()


def test_a_hotfix_alone_is_a_sprint_that_nobody_need_approve(staged: Callable[..., Play]) -> None:
    play = maintained(staged, "verify:\n  - name: there\n    run: ls *.txt\n")
    issue = play.open("The page is gone", "It answers 500.")
    play.opened(issue)
    said = play.say(issue, "/hotfix")
    play.reacted(said, "eyes", "rocket")
    pull = play.pull("hotfix-1")
    assert "This issue is now a sprint of this one task." in play.answer(issue, "This issue")
    play.quiet()
    assert not play.merged("hotfix-1")
    approve(play, pull["number"])
    play.wait(lambda: play.closed(issue))
    play.quiet()
    assert play.merged("hotfix-1") and "is done" in board_of(play, issue)

    play.write("theirs", "theirs.txt", "Mine.\n")
    there = {"title": "Another page", "head": "theirs", "base": "main", "body": ""}
    number = int(play.alice.api.send("POST", f"/repos/{play.repo}/pulls", there)["number"])
    play.opened(number, "pull")
    play.say(number, "/hotfix")
    play.wait(lambda: "`description`" in (play.written(number, "answer") or ""))
    said = play.say(number, "/hotfix Mend the page of #5")
    play.reacted(said, "eyes", "rocket")
    opened = int(play.answer(number, "I opened #").split("#")[1].split(" ")[0])
    made = play.issue(opened)
    assert made["author"] == BOT and made["title"].startswith("Mend the page of #")
    play.approve_until_closed(opened)
    assert f"asked for this with `/hotfix` on #{number}" in (play.issue(opened)["body"] or "")
    assert not play.bot.pull(play.repo, number)["merged"] and len(play.all_written(number, "answer")) == 2


def test_a_hotfix_that_fails_three_times_stops(staged: Callable[..., Play]) -> None:
    play = maintained(staged, "supervisor:\n  retries: 1\n")
    issue = play.open("Break the page", "")
    play.opened(issue)
    play.say(issue, "/hotfix")
    play.wait(lambda: play.is_in("hotfix-1", "escalated"))
    play.quiet()
    assert play.outcomes("hotfix-1") == ["failed"] * 3 and play.pulls() == []
    [asked] = [note for note in play.all_written(issue, "note") if "needs a person" in note]
    assert "this hotfix failed 3 times, the last time so:" in asked and "/retry --hint" in asked
