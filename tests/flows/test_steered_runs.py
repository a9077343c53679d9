"""A person ends an agent's run: to restart it, or to take its task over and give it back."""

from tests.flows.play import Play


def begun(play: Play) -> int:
    """A kickoff whose one agent has done half of its task, and would never end."""
    kickoff = play.start("- cut: Do both halves")
    play.has_written("cut", "half.txt")
    return kickoff


def test_a_restarted_agent_goes_on_with_what_it_had_done(play: Play) -> None:
    kickoff = begun(play)
    asked = play.say(play.task("cut"), "/restart")
    pull = play.pull("cut")
    play.reacted(asked, "eyes", "rocket")
    assert play.outcomes("cut") == ["stopped", "done"] and play.was_told("cut")
    assert {"half.txt", "rest.txt"} <= set(play.bot.tree(play.repo, pull["head"]["ref"]))
    play.approve_until_closed(kickoff)


def test_who_takes_a_task_over_finds_its_work_and_may_give_it_back(play: Play) -> None:
    kickoff = begun(play)
    play.say(play.task("cut"), "/take-over")
    said = play.answer(play.task("cut"), "has this task now")
    branch = f"agent/{play.sprint_id(kickoff)}/cut"
    assert "@alice" in said and f"`{branch}`" in said and f"`Closes #{play.task('cut')}`" in said
    play.wait(lambda: play.bot.branch_head(play.repo, branch))
    assert "half.txt" in play.bot.tree(play.repo, branch)
    play.wait(lambda: play.is_in("cut", "escalated"))
    play.wait(lambda: play.issue(play.task("cut"))["assignees"] == ["alice"])
    play.wait(lambda: "@alice has it" in (play.written(kickoff, "board") or ""))
    play.quiet()
    assert play.outcomes("cut") == ["stopped"] and not play.pulls()

    play.say(play.task("cut"), "/hand-back")
    pull = play.pull("cut")
    assert {"half.txt", "rest.txt"} <= set(play.bot.tree(play.repo, pull["head"]["ref"]))
    assert "A person had this task meanwhile." in play.prompt_of("cut", 2)
    assert play.issue(play.task("cut"))["assignees"] == []
    play.approve_until_closed(kickoff)


def test_a_person_ends_their_task_by_a_pull_request_of_their_own(play: Play) -> None:
    kickoff = play.kickoff("- cut: Do both halves", "- behind: Go on (after: cut)")
    play.say(kickoff, "/approve")
    play.wait(lambda: play.tasks().get("cut"))
    play.say(play.task("cut"), "/take-over")
    play.wait(lambda: play.is_in("cut", "escalated"))
    play.write("mine", "by-hand.txt", "Done by hand.\n")
    says = f"It works. Closes #{play.task('cut')}."
    number = play.alice.create_pull(play.repo, "By hand", says, "mine", "main")["number"]
    head = play.alice.pull(play.repo, number)["head"]["sha"]
    play.alice.merge(play.repo, number, head, "merge")
    play.wait(lambda: play.is_in("cut", "done"))
    play.wait(lambda: play.tasks().get("behind"))
    play.say(play.task("behind"), "/skip")
    play.wait(lambda: play.closed(kickoff))
