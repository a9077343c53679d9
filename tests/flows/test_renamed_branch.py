"""The default branch gets another name while a sprint runs."""

from tests.flows.play import Play


def rename(play: Play, new: str) -> None:
    """By whoever administers the repository."""
    if play.house.kind == "github":
        play.bot.api.send("POST", f"/repos/{play.repo}/branches/main/rename", {"new_name": new})
    else:
        play.bot.api.send("PATCH", f"/repos/{play.repo}/branches/main", {"name": new})


def test_a_sprint_goes_on_after_its_base_got_another_name(play: Play) -> None:
    kickoff = play.start("- a: Do one thing", "- b: Do another (after: a)")
    first = play.pull("a")
    assert first["base"]["ref"] == "main"
    rename(play, "trunk")
    play.approve_until_closed(kickoff)
    assert play.merged("a") and play.merged("b")
    bases = {pull["base"]["ref"] for pull in play.pulls()}
    assert bases == {"trunk"}
    notes = [one for one in play.all_written(kickoff, "note") if "default branch" in one]
    assert len(notes) == 1 and "is now `trunk`; it was `main`" in notes[0]
    assert play.outcomes("a") == play.outcomes("b") == ["done"]
