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
    play.wait(lambda: "waiting for the check `ci` on its new head" in board(play, kickoff))
    assert not play.merged("a")
    play.alice.set_status(play.repo, updated["head"]["sha"], "success", "ci")
    play.wait(lambda: play.closed(kickoff))
    assert play.bot.pull(play.repo, pull["number"])["head"]["sha"] == updated["head"]["sha"]
    assert play.merged("a") and play.all_written(pull["number"], "note") == []
