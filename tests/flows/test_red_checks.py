"""Checks that stay red go back to the agent, with what they wrote; in the end to a person."""

from shell.forge.protocol import Pull
from tests.flows.play import Play

FILE = ".caloron.yml"
AT_ONCE = "merge:\n  checks_settle: 0s\n"
LOG = "2026-11-21T07:00:00.0000000Z collected 3 items\n2026-11-21T07:00:04.0000000Z FAILED test_sum: 4 != 5\n"


def end_check(play: Play, pull: Pull, state: str) -> None:
    """CI ends on the head: a job with its log where the forge is ours, else a status."""
    head = pull["head"]["sha"]
    if play.house.fake_url:
        play.house.finish_job(play.repo, head, "ci/test", state, LOG if state == "failure" else "")
    else:
        play.alice.set_status(play.repo, head, state, "ci/test", "4 != 5", "https://ci.test/runs/1")


def test_red_checks_go_back_to_the_agent_until_they_are_green(play: Play) -> None:
    play.write("main", FILE, AT_ONCE, by=play.bot)
    kickoff = play.start("- mended: Add it up")
    first = play.pull("mended")
    end_check(play, first, "failure")
    second = play.next_head("mended", first)
    prompt = play.prompt_of("mended", 2)
    assert ("> FAILED test_sum: 4 != 5" if play.house.fake_url else "4 != 5") in prompt
    assert "2026-11-21T07" not in prompt and "Find another approach" not in prompt
    if play.house.fake_url:
        assert "/actions/runs/" in prompt
    end_check(play, second, "failure")
    third = play.next_head("mended", second)
    assert play.outcomes("mended") == ["done"] * 3 and play.was_told("mended")
    end_check(play, third, "success")
    play.approve_until_closed(kickoff)
    assert play.merged("mended") and play.all_written(play.task("mended")) == []


def test_the_same_failure_a_third_time_is_for_a_person(play: Play) -> None:
    play.write("main", FILE, AT_ONCE, by=play.bot)
    kickoff = play.start("- hopeless: Try it")
    pull = play.pull("hopeless")
    for _ in range(2):
        end_check(play, pull, "failure")
        pull = play.next_head("hopeless", pull)
    end_check(play, pull, "failure")
    play.wait(lambda: play.is_in("hopeless", "escalated"))
    play.quiet()
    [asked] = [note for note in play.all_written(kickoff, "note") if "needs a person" in note]
    assert "its checks failed in the same way 3 times" in asked and play.outcomes("hopeless") == ["done"] * 3


def test_red_checks_settle_first(play: Play) -> None:
    """One that failed and was green again soon after is nobody's work."""
    play.write("main", FILE, "merge:\n  checks_settle: 1h\n", by=play.bot)
    play.start("- a: Do it")
    pull = play.pull("a")
    for state in ("failure", "success"):
        with play.noticed(f"commit:{pull['head']['sha']}"):
            play.alice.set_status(play.repo, pull["head"]["sha"], state, "ci/test")
    told = [event["type"] for event in play.told()]
    assert told.count("check_completed") == 2 and "checks_failed" not in told
    assert play.outcomes("a") == ["done"] and play.is_in("a", "review-pending")


def test_a_check_that_ends_before_the_run_counts_as_soon_as_the_run_has_ended(play: Play) -> None:
    """CI is quick: its status comes while the pull request is still being opened."""
    play.write("main", FILE, AT_ONCE, by=play.bot)
    play.house.fault(method="POST", path=f"{play.repo}/pulls$", seconds=2, times=1)
    kickoff = play.start("- mended: Add it up")
    branch = f"agent/{play.sprint_id(kickoff)}/mended"
    head = play.wait(lambda: play.alice.branch_head(play.repo, branch))
    play.alice.set_status(play.repo, head, "failure", "ci/test", "4 != 5")
    play.wait(lambda: play.outcomes("mended") == ["done", "done"])
    told = [event["type"] for event in play.told()]
    assert told.index("changed", told.index("agent_pushed")) < told.index("agent_finished")
    assert told.count("checks_failed") == 1 and "> The check ci/test" in play.prompt_of("mended", 2)
