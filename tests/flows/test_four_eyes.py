"""Four eyes: who pushed, and what is protected, at the merge of a pull request that someone approved."""

from collections.abc import Callable

from tests.flows.house import ALICE, BOB, House
from tests.flows.play import Play

WORKFLOW = {"gitea": ".gitea/workflows/ci.yml", "github": ".github/workflows/ci.yml"}


def denied(play: Play, number: int, *words: str) -> None:
    """One line on the pull request says why, and nothing is merged."""
    play.wait(lambda: play.written(number, "note"))
    play.quiet()
    notes = play.all_written(number, "note")
    assert len(notes) == 1 and all(word in notes[0] for word in words), notes
    assert not play.bot.pull(play.repo, number)["merged"]


def test_who_pushed_a_workflow_does_not_approve_it(play: Play, house: House) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number = pull["number"]
    with play.noticed(f"pull:{number}"):
        head = play.write(pull["head"]["ref"], WORKFLOW[house.kind], "on: push\n")
    play.alice.review(play.repo, number, "approve", "Good.", head)
    denied(play, number, "`alice` pushed to its branch", f"`{WORKFLOW[house.kind]}`")
    play.alice.review(play.repo, number, "approve", "Really.", head)
    play.quiet()
    assert len(play.all_written(number, "note")) == 1
    assert WORKFLOW[house.kind] not in play.bot.tree(play.repo, "main")
    play.say(kickoff, "/stop")


def test_protected_paths_take_an_administrator(staged: Callable[..., Play], house: House) -> None:
    play = staged(rights={ALICE: "write", BOB: "write"})
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, path = pull["number"], WORKFLOW[house.kind]
    with play.noticed(f"pull:{number}"):
        head = play.write(pull["head"]["ref"], path, "on: push\n")
    play.bob.review(play.repo, number, "approve", "Good.", head)
    right = "maintain" if house.kind == "github" else "admin"
    denied(play, number, f"`bob` has no {right} permission here", f"`{path}`")
    assert path not in play.bot.tree(play.repo, "main")

    where = f"/repos/{play.repo}/collaborators/{BOB}"
    play.bot.api.send("PUT", where, {"permission": "admin"})
    play.bob.review(play.repo, number, "approve", "I may say so.", head)
    play.wait(lambda: play.closed(kickoff))
    assert path in play.bot.tree(play.repo, "main")


def test_who_brings_the_base_up_to_date_keeps_what_was_approved(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, head = pull["number"], pull["head"]["sha"]
    with play.noticed(f"commit:{head}"):
        play.alice.set_status(play.repo, head, "pending", "ci")
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.", head)
    play.write("main", "other.txt", "on the base\n", by=play.bot)
    assert play.alice.update_branch(play.repo, number, head)
    play.alice.set_status(play.repo, play.next_head("a", pull)["head"]["sha"], "success", "ci")
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, number)["merged"]
    assert play.all_written(number, "note") == []


def test_words_of_others_close_nothing_elsewhere(play: Play, house: House) -> None:
    other = house.repository(hooked=False)
    vault = play.bot.create_issue(other, "Keep this", "Open.", [])["number"]
    words = f"fixes {other}#{vault}"
    kickoff = play.start(f"- a: Mend the readme, {words}")
    pull = play.pull("a")
    with play.noticed(f"pull:{pull['number']}"):
        text = f"{pull['body']}\n\nThis {words}."
        play.alice.edit_issue(play.repo, pull["number"], title=f"Mend it, {words}", body=text)
    play.bob.review(play.repo, pull["number"], "approve", "Good.", pull["head"]["sha"])
    play.wait(lambda: play.closed(kickoff))
    play.wait(lambda: play.closed(play.task("a")))
    play.quiet()
    assert play.bot.issue(other, vault)["state"] == "open"
    there = play.bot.pull(play.repo, pull["number"])
    assert there["merged"] and words not in f"{there['title']}{there['body']}"


def test_commits_that_close_something_elsewhere_are_not_merged(play: Play, house: House) -> None:
    other = house.repository(hooked=False)
    vault = play.bot.create_issue(other, "Keep this", "Open.", [])["number"]
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    with play.noticed(f"pull:{pull['number']}", by=BOB):
        head = play.write(pull["head"]["ref"], f"x fixes {other}#{vault}", "x", by=play.bob)
    play.alice.review(play.repo, pull["number"], "approve", "Good.", head)
    denied(play, pull["number"], f"`fixes {other}#{vault}`", "reword")
    play.say(kickoff, "/stop")
    assert play.bot.issue(other, vault)["state"] == "open"
