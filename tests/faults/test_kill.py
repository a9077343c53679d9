"""`caloron kill`: processes die by SIGKILL in the middle of a sprint; nothing is lost, nothing done twice."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bot.cli.up import environment
from bot.harness.forge_counts import count_forge
from bot.harness.kill_points import KILL_POINTS
from bot.harness.kill_run import plan
from bot.harness.killer import SYNCING
from bot.harness.store_log import StoreLog, is_syncing
from shell.marker import mark
from shell.processes import children, descendants, process

VICTIMS = ("store", "actions", "agent", "up")


def test_a_sprint_survives_the_death_of_its_processes(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "bot.cli", "kill", "--seed", "3", "--sprints", "1"]
    command += ["--output", "json", "--folder", str(tmp_path / "kill"), "--timeout", "150"]
    command += [word for victim in VICTIMS for word in ("--victim", victim)]
    played = subprocess.run(
        command, capture_output=True, text=True, env=environment(), cwd=tmp_path, check=False
    )
    assert played.returncode == 0, played.stdout + played.stderr
    found = json.loads(played.stdout)
    assert found["killed"] == dict.fromkeys(VICTIMS, 1) and found["wrong"] == []
    held = {one["victim"].partition("-")[0]: one["held"] for one in found["kills"]}
    assert "an intent without its response" in held["actions"]
    [store] = [one for one in found["kills"] if one["victim"] == "store"]
    assert store["notes"][0].startswith((SYNCING, "just after a commit"))  # the second where /proc is closed
    assert any("crashed" in attempt for attempt in found["attempts"])
    assert "4 issues, 4 pulls, 4 merges, 1 board, 1 retro" in found["sprints"][0]


def test_a_seed_gives_one_plan_in_which_each_dies_in_each_sprint() -> None:
    first = plan(1, 3, [*KILL_POINTS])
    assert first == plan(1, 3, [*KILL_POINTS]) != plan(2, 3, [*KILL_POINTS])
    assert all({victim for victim, _ in one} == set(KILL_POINTS) for one in first)
    assert {kill_point for one in first for victim, kill_point in one if victim == "up"} == set(
        KILL_POINTS["up"]
    )


class Left:
    """A forge with what a sprint left on it."""

    def __init__(self, pulls: dict[int, str], said: list[str]) -> None:
        self.pulls, self.said = pulls, said

    def changes_since(self, repo: str, since: str) -> dict[str, Any]:
        body = mark("task", "s/a/issue", "s", "a")
        task = {"number": 2, "labels": ["caloron:task"], "body": body, "state": "closed"}
        return {"issues": [{"number": 1, "labels": []}, task], "pulls": list(self.pulls)}

    def pull(self, repo: str, number: int) -> dict[str, Any]:
        return {"number": number, "head": {"ref": self.pulls[number]}, "merged": True}

    def issue(self, repo: str, number: int) -> dict[str, Any]:
        return {"state": "closed"}

    def issue_comments(self, repo: str, number: int) -> list[dict[str, Any]]:
        bodies = [mark("board", "b"), mark("retro", "r"), *self.said] if number == 1 else []
        return [{"author": "bot", "body": body} for body in bodies]


def counted(pulls: dict[int, str], said: list[str]) -> list[str]:
    forge: Any = Left(pulls, said)
    return count_forge(forge, "bot", "o/r", 1, ["a"]).wrong()


def test_the_count_is_right_with_one_of_each_and_names_what_is_doubled() -> None:
    good = {3: "caloron/s/a"}
    assert counted(good, ["hello", "good day"]) == []
    assert counted(good, ["hello", "hello"]) == ["o/r: on #1 twice: 'hello'"]
    assert counted(good, [f"one\n{mark('n', 'k')}", f"two\n{mark('n', 'k')}"]) == ["o/r: on #1 twice: 'k'"]
    assert counted(good, [mark("retro", "again")])[0] == "o/r: 2 retros"
    assert counted(good | {4: "x/a"}, []) == ["o/r: a has 2 pulls", "o/r: a has 2 merges"]
    assert counted({3: "other"}, [])[-1] == "o/r: #3 is no task's"


def test_processes_are_found_below_and_a_dead_one_is_not_alive() -> None:
    told = environment() | {"CALORON_PROCESS": "one"}
    program = "import subprocess, sys; subprocess.run(['sleep', '60'])"
    with subprocess.Popen([sys.executable, "-c", program], env=told) as child:
        me = process(child.pid)
        assert me and me.alive()
        assert children(os.getpid())["one"] == child.pid
        while not (below := descendants(child.pid)):
            assert child.poll() is None
        child.kill()
        child.wait()
        assert not me.alive()
        for one in below:
            os.kill(one.pid, 9)


def test_a_commit_is_seen_in_the_log_as_it_is_written_for_its_lane_alone(tmp_path: Path) -> None:
    log = tmp_path / "appendonly.aof.1.incr.aof"
    log.write_bytes(b"RPUSH lane:gitea-1:journal old")
    with StoreLog(tmp_path) as watched, log.open("ab", buffering=0) as store:
        assert not watched.wait_for_commit("gitea-1", 0.02), "what was there before is no news"
        store.write(b"RPUSH lane:gitea-2:journal x")
        assert not watched.wait_for_commit("gitea-1", 0.02)
        store.write(b"RPUSH lane:gitea-1:journal x")
        assert watched.wait_for_commit("gitea-1", 5.0)


def test_a_process_that_waits_for_no_disk_is_not_syncing() -> None:
    assert is_syncing(os.getpid(), "x86_64") in (False, None)
    assert is_syncing(2**30, "x86_64") is None
