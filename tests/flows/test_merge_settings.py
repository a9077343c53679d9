"""What `.caloron.yml` says of merges: when the base is merged in first, and which checks must be green."""

from tests.flows.play import Play

FILE = ".caloron.yml"


def board(play: Play, kickoff: int) -> str:
    return play.written(kickoff, "board") or ""


def end_check(play: Play, head: str, name: str, state: str) -> None:
    """A check reports on a head, and the bot knows it."""
    with play.noticed(f"commit:{head}"):
        play.alice.set_status(play.repo, head, state, name)


def test_a_pull_request_behind_its_base_is_brought_up_to_date_and_checked_again(play: Play) -> None:
    play.write("main", FILE, "merge: {update: always, checks_settle: 1h}\n", by=play.bot)
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    end_check(play, pull["head"]["sha"], "ci", "success")
    play.write("main", "other.txt", "on the base\n", by=play.bot)
    play.alice.review(play.repo, pull["number"], "approve", "Good.")
    updated = play.next_head("a", pull)
    play.wait(lambda: "waiting for the check `ci` on its head" in board(play, kickoff))
    assert not play.merged("a")
    play.alice.set_status(play.repo, updated["head"]["sha"], "success", "ci")
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, pull["number"])["head"]["sha"] == updated["head"]["sha"]
    assert play.merged("a") and play.all_written(pull["number"], "note") == []


def test_which_checks_must_be_green_is_said_in_the_file(play: Play) -> None:
    play.write("main", FILE, "merge: {checks: all, checks_settle: 1h}\n", by=play.bot)
    base = play.bot.branch_head(play.repo, "main")
    assert base
    for name, state in (("lint", "success"), ("flaky", "failure")):
        play.alice.set_status(play.repo, base, state, name)
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, head = pull["number"], pull["head"]["sha"]
    end_check(play, head, "flaky", "failure")
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.")
    play.say(number, "/why")
    said = play.answer(number, "its checks failed: `flaky`")
    assert "waiting for the check `lint` on its head" in said

    play.write("main", FILE, "merge: {checks: known, checks_settle: 1h}\n", by=play.bot)
    play.wait(lambda: "its checks failed" not in board(play, kickoff))
    play.quiet()
    assert not play.merged("a")
    play.alice.set_status(play.repo, head, "success", "lint")
    play.wait(lambda: play.closed(kickoff))
    assert play.merged("a")


def test_only_required_checks_are_waited_for_where_the_file_says_so(play: Play) -> None:
    play.write("main", FILE, "merge: {checks: required}\n", by=play.bot)
    play.protect_main("ci/build")
    kickoff = play.start("- a: The first")
    pull = play.pull("a")
    number, head = pull["number"], pull["head"]["sha"]
    end_check(play, head, "lint", "failure")
    end_check(play, head, "ci/build", "pending")
    with play.noticed(f"pull:{number}"):
        play.alice.review(play.repo, number, "approve", "Good.")
    play.say(number, "/why")
    assert "failed" not in play.answer(number, "waiting for its checks: `ci/build`")
    play.alice.set_status(play.repo, head, "success", "ci/build")
    play.wait(lambda: play.closed(kickoff))
    assert play.merged("a")
