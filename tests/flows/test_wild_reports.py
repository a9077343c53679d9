"""An agent whose report is out of all bounds: the sprint ends as any other, and nothing is buried."""

from tests.flows.play import Play


def test_a_sprint_with_a_wild_report_ends_with_its_retro(play: Play) -> None:
    kickoff = play.start("- wild: Say something wild")
    play.pull("wild")
    play.approve_until_closed(kickoff)
    [run] = play.runs("wild")
    assert run["feedback"] == {"blockers": ["one"], "notes": "Wild."}
    assert "Wild" in (play.written(kickoff, "retro") or "")
    store = play.house.store
    assert store and not [letter for letter in store.dead_letters() if letter.get("lane") == play.lane]
