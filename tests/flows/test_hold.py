"""`/hold`, `/unhold` and the label `caloron:hold`: what is held is not merged, and everyone sees by whom."""

import pytest

from tests.flows.conftest import FORGES
from tests.flows.house import MALLORY, RIGHTS
from tests.flows.play import Play

HOLD = "caloron:hold"


def labels(play: Play, number: int) -> list[str]:
    """The labels of an issue or a pull request."""
    found: list[str] = play.bot.issue(play.repo, number)["labels"]
    return found


def merged(play: Play, task: str) -> bool:
    """Whether the task's pull request is merged."""
    pull = play.pull_of(task)
    return bool(pull and pull["merged"])


def board(play: Play, kickoff: int) -> str:
    return play.written(kickoff, "board") or ""


def status(play: Play, sha: str) -> tuple[str, str]:
    """The state and the words of the bot's status on a commit, or empty ones."""
    found = play.bot.api.get(f"/repos/{play.repo}/commits/{sha}/status")["statuses"] or []
    said = (
        (one.get("status") or one["state"], one["description"])
        for one in found
        if one["context"] == "caloron"
    )
    return next(said, ("", ""))


def handled(play: Play, type_: str, count: int = 1) -> None:
    """Wait until so many events of a type were handled, and what came of them is done."""
    play.wait(lambda: sum(event["type"] == type_ for event in play.told()) >= count)
    play.quiet()


def approve(play: Play, number: int) -> None:
    """Alice approves, and the bot has heard of it."""
    before = sum(event["type"] == "pr_review_submitted" for event in play.told())
    play.alice.review(play.repo, number, "approve", "Good.")
    handled(play, "pr_review_submitted", before + 1)


def test_a_command_on_the_task_s_issue_holds_its_merge_until_it_is_released(play: Play) -> None:
    kickoff = play.start("- a: The first")
    pull, issue = play.pull("a"), play.task("a")
    head = pull["head"]["sha"]
    play.wait(lambda: status(play, head) == ("pending", "Waiting for a review"))
    play.reacted(play.say(issue, "/hold"), "eyes", "rocket")
    play.wait(lambda: HOLD in labels(play, issue) and HOLD in labels(play, pull["number"]))
    approve(play, pull["number"])
    assert not merged(play, "a")
    play.wait(lambda: "held by @alice; `/unhold` to let it merge" in board(play, kickoff))
    play.wait(lambda: status(play, head) == ("pending", "Held by @alice; /unhold to let it merge"))
    play.say(issue, "/why")
    play.answer(issue, "held by @alice")

    refused = play.say(issue, "/unhold", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    play.quiet()
    assert not merged(play, "a") and HOLD in labels(play, issue)

    play.reacted(play.say(pull["number"], "/unhold"), "eyes", "rocket")
    play.wait(lambda: play.closed(kickoff))
    assert merged(play, "a") and status(play, head) == ("success", "Nothing more is waited for")
    assert HOLD not in labels(play, issue) + labels(play, pull["number"])


def test_the_label_on_the_pull_request_itself_holds_and_its_removal_releases(play: Play) -> None:
    kickoff = play.start("- a: The first")
    number, issue = play.pull("a")["number"], play.task("a")
    play.alice.set_labels(play.repo, number, [HOLD], [])
    play.alice.review(play.repo, number, "approve", "Good.")
    handled(play, "task_held")
    handled(play, "pr_review_submitted")
    assert not merged(play, "a")
    play.wait(lambda: "held by @alice" in board(play, kickoff) and HOLD in labels(play, issue))

    play.alice.set_labels(play.repo, number, [], [HOLD])
    play.wait(lambda: play.closed(kickoff))
    assert merged(play, "a") and HOLD not in labels(play, issue)
    assert len([one for one in play.all_written(number, "answer") if "Held" in one]) == 1


def test_a_task_named_on_the_kickoff_is_held_before_its_pull_request_is_there(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    play.task("a")
    play.reacted(play.say(kickoff, "/hold b"), "eyes", "rocket")
    play.reacted(play.say(kickoff, "/hold"), "eyes", "confused")
    approve(play, play.pull("a")["number"])
    play.wait(lambda: merged(play, "a"))
    pull = play.pull("b")
    play.wait(lambda: HOLD in labels(play, pull["number"]))
    approve(play, pull["number"])
    assert not merged(play, "b")
    play.say(kickoff, "/unhold b")
    play.wait(lambda: play.closed(kickoff))
    assert merged(play, "b")


def test_a_label_on_what_is_no_task_holds_nothing_and_is_removed_with_a_line(play: Play) -> None:
    kickoff = play.start("- a: The first")
    play.pull("a")
    play.alice.set_labels(play.repo, kickoff, [HOLD], [])
    play.answer(kickoff, "/hold")
    play.wait(lambda: HOLD not in labels(play, kickoff))
    play.approve_until_closed(kickoff)


def test_a_label_set_without_the_right_is_removed_with_a_line_and_the_merge_goes_on(play: Play) -> None:
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    play.quiet()
    for hook in play.bot.list_hooks(play.repo):
        play.bot.delete_hook(play.repo, hook["id"])
    path = f"/repos/{play.repo}/collaborators/{MALLORY}"
    play.bot.api.send("PUT", path, {"permission": RIGHTS[play.house.kind]["write"]})
    play.house.accept(MALLORY)
    play.mallory.set_labels(play.repo, number, [HOLD], [])
    play.bot.api.send("DELETE", path)
    play.house.hook(play.repo)
    play.alice.review(play.repo, number, "approve", "Good.")

    play.answer(number, "/hold")
    play.wait(lambda: play.closed(kickoff))
    assert merged(play, "a") and HOLD not in labels(play, number)
    told = [event["type"] for event in play.told()]
    assert "task_held" not in told and told.index("hold_seen") < told.index("pr_merged")


def test_a_label_taken_off_without_the_right_is_put_back(play: Play) -> None:
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    play.alice.set_labels(play.repo, number, [HOLD], [])
    handled(play, "task_held")
    for hook in play.bot.list_hooks(play.repo):
        play.bot.delete_hook(play.repo, hook["id"])
    path = f"/repos/{play.repo}/collaborators/{MALLORY}"
    play.bot.api.send("PUT", path, {"permission": RIGHTS[play.house.kind]["write"]})
    play.house.accept(MALLORY)
    play.mallory.set_labels(play.repo, number, [], [HOLD])
    play.bot.api.send("DELETE", path)
    play.house.hook(play.repo)
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.")

    play.answer(number, "`/unhold` needs write access")
    play.wait(lambda: HOLD in labels(play, number))
    play.quiet()
    assert not merged(play, "a") and not play.closed(kickoff)


@pytest.mark.parametrize("house", FORGES[:2], indirect=True)
def test_a_merge_that_is_asked_for_and_still_waits_is_withdrawn(play: Play) -> None:
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    words = "the base branch was modified, please try again later"
    play.house.fault(path=f"{play.repo}/pulls/{number}/merge", status=405, message=words)
    play.alice.review(play.repo, number, "approve", "Good.")
    store = play.house.store
    assert store
    play.wait(lambda: store.load(play.lane).state["tasks"]["a"].get("merging"))
    play.reacted(play.say(number, "/hold"), "eyes", "rocket")
    play.house.fault(path="nothing", status=500)
    play.quiet()
    assert not merged(play, "a")
    play.say(number, "/unhold")
    play.wait(lambda: play.closed(kickoff))
    assert merged(play, "a")
