"""The agents' worker is killed in the middle of a turn: the next run goes on from what that had done."""

import os
import signal
from pathlib import Path

from tests.flows.play import Play


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_what_a_killed_run_had_done_is_where_the_next_one_goes_on(play: Play) -> None:
    kickoff = play.start("- cut: Do both halves")
    [started] = play.wait(lambda: [one for one in play.told() if one["type"] == "agent_started"])
    folder = play.house.home / "attempts" / play.lane
    play.wait(lambda: [*folder.glob("*/cut/1/space/files/half.txt")] or seen_in_mounts(started["pid"]))
    of_run = parent_of(started["pid"])
    worker = parent_of(of_run)
    for pid in (worker, of_run):
        os.kill(pid, signal.SIGKILL)
    pull = play.pull("cut")
    assert play.outcomes("cut") == ["crashed", "done"] and play.was_told("cut")
    assert {"half.txt", "rest.txt"} <= set(play.bot.tree(play.repo, pull["head"]["ref"]))
    play.approve_until_closed(kickoff)
    assert {"half.txt", "rest.txt"} <= set(play.bot.tree(play.repo, "main"))


def seen_in_mounts(pid: int) -> bool:
    """Whether the agent has written it on a disk that only its own processes see."""
    mounted = [line.split()[1] for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    spaces = [where for where in mounted if where.endswith("/cut/1/space")]
    return any(Path(f"/proc/{pid}/root{space}/files/half.txt").exists() for space in spaces)
