"""The retrospective of a sprint on demand."""

from tests.flows.play import Play


def test_the_retro_of_a_sprint_that_runs_and_of_one_that_has_ended(play: Play) -> None:
    kickoff = play.kickoff("- a: The first", "- b: The second (after: a)")
    early = play.say(kickoff, "/retro")
    play.answer(kickoff, "Say `/retro` on the kickoff of a sprint that has begun.")
    play.reacted(early, "eyes", "confused")
    play.say(kickoff, "/approve")
    play.pull("a")
    play.approve_all()
    play.wait(lambda: play.merged("a"))
    play.reacted(play.say(kickoff, "/retro"), "eyes", "rocket")
    play.wait(lambda: any("The first" in text for text in play.all_written(kickoff, "answer")))
    play.approve_until_closed(kickoff)
    before = len(play.all_written(kickoff, "answer"))
    play.reacted(play.say(kickoff, "/retro"), "eyes", "rocket")
    play.wait(lambda: len(play.all_written(kickoff, "answer")) > before)
    assert len(play.all_written(kickoff, "retro")) == 1
