"""The agents' worker is killed in the middle of a turn: the next run goes on from what that had done."""

import os
import signal
from pathlib import Path

from tests.flows.play import Play


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_what_a_killed_run_had_done_is_where_the_next_one_goes_on(play: Play) -> None:
    kickoff = play.start("- cut: Do both halves")
    of_run = parent_of(play.has_written("cut", "half.txt"))
    worker = parent_of(of_run)
    for pid in (worker, of_run):
        os.kill(pid, signal.SIGKILL)
    pull = play.pull("cut")
    assert play.outcomes("cut") == ["crashed", "done"] and play.was_told("cut")
    assert {"half.txt", "rest.txt"} <= set(play.bot.tree(play.repo, pull["head"]["ref"]))
    play.approve_until_closed(kickoff)
    assert {"half.txt", "rest.txt"} <= set(play.bot.tree(play.repo, "main"))
