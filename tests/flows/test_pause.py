"""A sprint is paused: nothing new starts, nothing is merged, and agents at work finish."""

from tests.flows.play import Play


def test_a_paused_sprint_merges_nothing_and_starts_nothing_until_it_is_resumed(play: Play) -> None:
    kickoff = play.start("- a: The first", "- b: The second (after: a)")
    pull = play.pull("a")
    early = play.say(kickoff, "/resume")
    play.answer(kickoff, "This sprint is not paused.")
    play.reacted(early, "eyes", "rocket")
    said = play.say(kickoff, "/pause")
    play.wait(lambda: "@alice paused it" in (play.written(kickoff, "board") or ""))
    play.reacted(said, "eyes", "rocket")
    play.approve_all()
    play.wait(lambda: "paused by @alice; `/resume` continues" in (play.written(kickoff, "board") or ""))
    play.quiet()
    assert not play.bot.pull(play.repo, pull["number"])["merged"]
    assert set(play.tasks()) == {"a"} and "is paused" in (play.written(kickoff, "board") or "")

    play.say(kickoff, "/pause", by=play.alice)
    play.answer(kickoff, "@alice paused this sprint already; `/resume` continues it.")
    play.say(play.task("a"), "/why")
    why = play.answer(play.task("a"), "@alice paused this sprint: nothing new starts until `/resume`.")
    assert "paused by @alice" in why
    refused = play.say(kickoff, "/resume", by=play.mallory)
    play.reacted(refused, "eyes", "confused")
    play.heard(play.say(play.task("a"), "/resume"))
    play.answer(play.task("a"), f"Say `/resume` on the kickoff, #{kickoff}.")
    assert not play.bot.pull(play.repo, pull["number"])["merged"]

    play.say(kickoff, "/resume")
    play.wait(lambda: play.merged("a"))
    play.approve_until_closed(kickoff)
    assert play.merged("b") and "is done" in (play.written(kickoff, "board") or "")


def test_an_agent_at_work_finishes_in_a_paused_sprint_and_no_other_one_starts(play: Play) -> None:
    play.write("main", ".caloron.yml", "pipeline:\n  parallel: 1\n", by=play.bot)
    kickoff = play.kickoff("- a: The first", "- b: The second")
    play.house.fault(method="POST", path=f"{play.repo}/pulls$", seconds=3, times=1)
    play.say(kickoff, "/approve")
    branch = f"agent/{play.sprint_id(kickoff)}/a"
    play.wait(lambda: play.bot.branch_head(play.repo, branch))
    play.say(kickoff, "/pause")
    play.wait(lambda: "sprint_paused" in [event["type"] for event in play.told()])
    assert play.outcomes("a") == [], "it was paused while the agent was at work"
    play.pull("a")
    play.say(play.task("b"), "/retry")
    play.answer(play.task("b"), "A new attempt starts after `/resume`: this sprint is paused.")
    play.quiet()
    assert play.outcomes("a") == ["done"] and play.outcomes("b") == []
    assert play.pull_of("b") is None
    play.say(kickoff, "/resume")
    play.pull("b")
    play.approve_until_closed(kickoff)
