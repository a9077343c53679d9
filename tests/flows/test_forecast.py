"""When a sprint will end, and what a change would mean for that."""

from tests.flows.house import ALICE
from tests.flows.play import Play


def test_the_end_is_foretold_and_a_change_is_played_without_any(play: Play) -> None:
    where = f"/repos/{play.repo}/collaborators/{ALICE}"
    play.bot.api.send("PUT", where, {"permission": "admin"})
    kickoff = play.start("- a: The first", "- b: The second (after: a)", "- c: The third (after: b)")
    play.pull("a")
    play.say(kickoff, "/simulate")
    play.answer(kickoff, "No task was done yet")
    play.approve_all()
    play.wait(lambda: "Still to go: " in (play.written(kickoff, "board") or ""))
    play.pull("b")
    play.say(kickoff, "/simulate drop c")
    shown = play.answer(kickoff, "with `c` dropped")
    assert "| longest chain | `b` → `c` | `b` |" in shown and "Nothing was changed." in shown
    refused = play.say(kickoff, "/simulate drop x")
    play.answer(kickoff, "This sprint has no task `x`.")
    play.reacted(refused, "eyes", "confused")
    board = play.written(kickoff, "board") or ""
    assert "`c`" in board and "flowchart LR" in board and "Longest chain: `b` → `c`" in board
    play.approve_until_closed(kickoff)
    assert play.merged("c")
