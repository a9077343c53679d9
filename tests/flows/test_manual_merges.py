"""`/merge` and `/approve merge`: what `merge.mode: manual` waits for, and what they answer elsewhere."""

from collections.abc import Callable

from tests.flows.house import ALICE, BOB
from tests.flows.play import Play

FILE, MANUAL = ".caloron.yml", "merge: {mode: manual}\n"
NOT_SAID = "waits for `/merge` by someone with maintain permission"
READY = "caloron:merge-ready"


def by_hand(staged: Callable[..., Play]) -> Play:
    """A repository that alice administers and bob may write to, where nothing is merged without `/merge`."""
    play = staged(rights={ALICE: "admin", BOB: "write"})
    play.write("main", FILE, MANUAL, by=play.bot)
    return play


def is_ready(play: Play, number: int) -> bool:
    """Whether the pull request says that it is ready to merge."""
    return READY in play.bot.issue(play.repo, number)["labels"]


def approve(play: Play, number: int) -> None:
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.")


def test_nothing_is_merged_before_a_maintainer_says_so(staged: Callable[..., Play]) -> None:
    play = by_hand(staged)
    kickoff = play.start("- a: The first")
    number, issue = play.pull("a")["number"], play.task("a")
    approve(play, number)
    play.wait(lambda: is_ready(play, number) and READY in play.bot.issue(play.repo, issue)["labels"])
    play.wait(lambda: NOT_SAID in (play.written(kickoff, "board") or ""))
    play.say(issue, "/why")
    play.answer(issue, NOT_SAID)
    assert not play.merged("a")

    for words in ("/merge", "/approve merge"):
        refused = play.say(number, words, by=play.bob)
        play.reacted(refused, "eyes", "confused")
    play.say(issue, "/merge")
    play.answer(issue, f"Say `/merge` on this task's pull request, #{number}.")
    play.quiet()
    assert not play.merged("a") and len(play.all_written(number, "answer")) == 2

    play.reacted(play.say(number, "/merge"), "eyes", "rocket")
    play.wait(lambda: play.closed(kickoff))
    assert play.merged("a")
    play.wait(lambda: not is_ready(play, number))


def test_what_was_said_of_a_head_says_nothing_of_the_next(staged: Callable[..., Play]) -> None:
    play = by_hand(staged)
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, old = pull["number"], pull["head"]["sha"]
    play.reacted(play.say(number, "/merge"), "eyes", "rocket")
    play.answer(number, f"Noted for the head `{old[:10]}`. It is not merged yet: waiting for a review.")
    with play.noticed(f"pull:{number}", by=BOB):
        head = play.write(pull["head"]["ref"], "more.txt", "one more thing\n", by=play.bob)
    approve(play, number)
    assert not play.merged("a") and is_ready(play, number)

    play.reacted(play.say(number, f"/approve merge {old[:8]}"), "eyes", "confused")
    play.answer(number, f"The head is `{head[:10]}`, not `{old[:8]}`.")
    play.say(number, f"/approve merge {head[:8]}")
    play.wait(lambda: play.closed(kickoff))
    assert "more.txt" in play.bot.tree(play.repo, "main")


def test_it_circumvents_no_hold_and_no_check(staged: Callable[..., Play]) -> None:
    play = by_hand(staged)
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, head = pull["number"], pull["head"]["sha"]
    with play.noticed(f"commit:{head}"):
        play.alice.set_status(play.repo, head, "pending", "ci")
    approve(play, number)
    play.reacted(play.say(number, "/hold"), "eyes", "rocket")
    play.say(number, "/merge")
    said = play.answer(number, "Noted for the head")
    assert "held by @alice" in said and "waiting for its checks" in said
    with play.noticed(f"commit:{head}"):
        play.alice.set_status(play.repo, head, "success", "ci")
    assert not play.merged("a")
    play.say(number, "/unhold")
    play.wait(lambda: play.closed(kickoff))
    assert play.merged("a")


def test_where_an_approval_is_enough_it_says_so_and_has_a_refused_merge_tried_again(
    staged: Callable[..., Play],
) -> None:
    play = staged(rights={ALICE: "admin", BOB: "write"})
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    play.say(number, "/merge")
    said = play.answer(number, "No `/merge` is needed here")
    assert said.endswith("It is not merged yet: waiting for a review.")
    play.say(kickoff, "/merge")
    play.answer(kickoff, "Say `/merge` on the pull request of a task of the running sprint.")

    play.protect_main(approvals=2)
    approve(play, number)
    issue = play.task("a")
    play.wait(lambda: f"refused to merge #{number}" in (play.written(issue, "note") or ""))
    play.unprotect_main()
    play.say(number, "/merge")
    play.answer(number, "I try again. Last time: the forge refuses to merge")
    play.wait(lambda: play.closed(kickoff))
    assert play.merged("a")
