"""Agents that do not do as they should."""

from tests.flows.play import Play


def test_an_agent_that_changes_nothing_gets_one_more_round_then_a_person(play: Play) -> None:
    kickoff = play.start("- noisy: Talk a lot")
    play.wait(lambda: play.is_in("noisy", "escalated"))
    said = play.wait(lambda: play.written(kickoff, "note"))
    assert said and "/retry --hint" in said and "/skip" in said and f"#{play.task('noisy')}" in said
    play.quiet()
    assert play.outcomes("noisy") == ["no_change", "no_change"] and play.was_told("noisy")
    assert play.pulls() == [] and not play.closed(kickoff)
    assert play.all_written(kickoff, "note") == [said] and said.startswith("@alice, task `noisy`")

    skip = play.say(play.task("noisy"), "/skip")
    play.wait(lambda: play.closed(kickoff))
    play.reacted(skip, "eyes", "rocket")
    play.wait(lambda: play.is_in("noisy", "done"))
    assert play.closed(play.task("noisy"))
    assert play.written(kickoff, "retro")
    play.quiet()
    [solved] = play.all_written(kickoff, "note")
    assert solved.startswith("✅ Solved: it was skipped.") and "needs a person" in solved
    assert "has failed" in (play.written(kickoff, "board") or "")


def test_what_leaves_its_scope_or_is_protected_is_not_pushed(play: Play) -> None:
    kickoff = play.start("- stray: Stay inside", "  - scope: src", "- guarded: Leave the checks alone")
    play.wait(lambda: play.is_in("stray", "escalated") and play.is_in("guarded", "escalated"))
    play.quiet()
    assert play.outcomes("stray") == ["out_of_scope"] * 2 and play.was_told("stray")
    assert play.outcomes("guarded") == ["protected"] * 2 and play.was_told("guarded")
    sprint = play.sprint_id(kickoff)
    assert all(play.bot.branch_head(play.repo, f"agent/{sprint}/{t}") is None for t in ("stray", "guarded"))
    assert play.pulls() == []
    notes = play.all_written(kickoff, "note")
    assert len(notes) == 2 and all("/retry --hint" in note for note in notes)
