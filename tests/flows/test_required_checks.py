"""Checks that the base requires: what has no status yet is waited for, by name."""

from tests.flows.play import Play

NAMED = "waiting for the required check `ci/build`"


def board(play: Play, kickoff: int) -> str:
    return play.written(kickoff, "board") or ""


def approve(play: Play, task_id: str) -> None:
    """Alice approves, and the bot knows it."""
    before = reviews(play, task_id)
    play.alice.review(play.repo, play.pull(task_id)["number"], "approve", "Good.")
    play.wait(lambda: reviews(play, task_id) != before)
    play.quiet()


def reviews(play: Play, task_id: str) -> object:
    store = play.house.store
    assert store
    return store.load(play.lane).state["tasks"][task_id].get("reviews")


def test_a_required_check_without_a_status_is_waited_for_and_named(play: Play) -> None:
    play.protect_main("ci/build")
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, head = pull["number"], pull["head"]["sha"]
    play.alice.set_status(play.repo, head, "success", "lint")
    approve(play, "a")
    play.wait(lambda: NAMED in board(play, kickoff))
    assert not play.bot.pull(play.repo, number)["merged"]
    assert not play.is_in("a", "merge-ready")
    assert play.all_written(number, "note") == [], "the forge was not even asked to merge"
    play.say(number, "/why")
    assert play.answer(number, NAMED).startswith("- `a` (#")

    play.alice.set_status(play.repo, head, "pending", "ci/build")
    play.wait(lambda: "waiting for its checks" in board(play, kickoff))
    assert not play.bot.pull(play.repo, number)["merged"]
    play.alice.set_status(play.repo, head, "success", "ci/build")
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, number)["merged"]


def test_a_check_that_is_required_only_now_is_learnt_from_the_refused_merge(play: Play) -> None:
    kickoff = play.start("- a: The first")
    number = play.pull("a")["number"]
    play.quiet()
    play.protect_main("ci/build")
    approve(play, "a")
    play.wait(lambda: NAMED in board(play, kickoff))
    issue = play.task("a")
    play.wait(lambda: f"The forge refused to merge #{number}: “" in (play.written(issue, "note") or ""))
    assert play.all_written(number, "note") == []
    assert not play.bot.pull(play.repo, number)["merged"]

    play.unprotect_main()
    approve(play, "a")
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, number)["merged"]
