"""A command under guard: watched, limited, and wholly gone at the end, whoever dies first."""

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from shell.agent.cleanup import kill_remaining
from shell.agent.guard import GRACE_S
from shell.agent.harness import Activity, Ended, Job, run_job
from tests.waiting import LIMIT_S, until

from .disk_forge import Stage, Witness

ROOT = Path(__file__).parents[2]


def lives(pid: int) -> bool:
    """Whether there is such a process that is no zombie."""
    try:
        return b") Z" not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


def pids_in(file: Path) -> list[int]:
    return [int(word) for word in file.read_text().split()] if file.exists() else []


def job(folder: Path, script: str, limit: float = 20, beat: float = 0.05) -> Job:
    files = folder / "files"
    files.mkdir(exist_ok=True)
    environment = {"PATH": os.environ["PATH"]}
    return Job(["/bin/sh", "-c", script], files, environment, folder / "log", limit, heartbeat_s=beat)


def play(folder: Path, script: str, limit: float = 20, witness: Witness | None = None) -> Ended:
    return run_job(job(folder, script, limit), witness or Witness())


# the agent, a child of it, a child that left the group, and one that is deaf to kind words
FAMILY = """
echo $$ >> {0}/pids
sleep 600 & echo $! >> {0}/pids
setsid sh -c 'echo $$ >> {0}/pids; trap "" TERM; (sleep 600 & echo $! >> {0}/pids; wait); sleep 600' &
setsid -f sh -c 'echo $$ >> {0}/pids; exec sleep 600'
"""
FAMILY_SIZE = 5


def family(folder: Path) -> list[int]:
    until(lambda: len(pids_in(folder / "pids")) == FAMILY_SIZE)
    return pids_in(folder / "pids")


def test_output_and_status_are_kept(tmp_path: Path) -> None:
    witness = Witness()
    ended = play(tmp_path, "echo one; echo two >&2; printf three; exit 4", witness=witness)
    assert (ended.how, ended.status, ended.tail) == ("ended", 4, "one\ntwo\nthree")
    assert witness.lines == ["one", "two", "three"]
    assert (tmp_path / "log").read_text() == "one\ntwo\nthree\n"


def test_much_output_does_not_fill_the_memory_or_block_the_agent(tmp_path: Path) -> None:
    ended = play(tmp_path, "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end")
    assert ended.status == 0 and ended.tail.endswith("end") and len(ended.tail) < 200_000


def test_standard_input_is_empty_unless_given(tmp_path: Path) -> None:
    assert play(tmp_path, "wc -c").tail.strip() == "0"


def test_a_command_that_is_not_there_is_127(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    ended = run_job(Job(["/no/such"], files, {}, tmp_path / "log", 5), Witness())
    assert (ended.status, ended.tail) == (127, "/no/such: No such file or directory")


def test_a_command_ended_by_a_signal_says_which(tmp_path: Path) -> None:
    assert play(tmp_path, "kill -9 $$").status == 128 + 9


def test_nothing_of_an_agent_outlives_its_own_end(tmp_path: Path) -> None:
    script = FAMILY.format(tmp_path) + f"while [ $(wc -l < {tmp_path}/pids) -lt 5 ]; do sleep 0.02; done"
    assert play(tmp_path, script).how == "ended"
    assert not [pid for pid in family(tmp_path) if lives(pid)]


def test_nothing_of_an_agent_outlives_its_limit(tmp_path: Path) -> None:
    ended = play(tmp_path, FAMILY.format(tmp_path) + "sleep 600", limit=1)
    assert ended.how == "timeout"
    assert not [pid for pid in family(tmp_path) if lives(pid)]


def test_a_stop_ends_the_agent(tmp_path: Path) -> None:
    witness = Witness(lambda: len(pids_in(tmp_path / "pids")) < FAMILY_SIZE)
    assert play(tmp_path, FAMILY.format(tmp_path) + "sleep 600", witness=witness).how == "stopped"
    assert not [pid for pid in family(tmp_path) if lives(pid)]


def test_a_stop_is_noticed_between_two_heartbeats(tmp_path: Path) -> None:
    rare = replace(job(tmp_path, "sleep 600", beat=600), look_s=0.05)
    asked = iter([True, True, False])
    assert run_job(rare, Witness(lambda: next(asked))).how == "stopped"


def test_a_harness_that_fails_takes_the_agent_with_it(tmp_path: Path) -> None:
    class Broken(Witness):
        def heartbeat(self, last_sign_at: str) -> None:
            if len(pids_in(tmp_path / "pids")) == FAMILY_SIZE:
                raise OSError("the store is gone")

    with pytest.raises(OSError, match="the store is gone"):
        play(tmp_path, FAMILY.format(tmp_path) + "sleep 600", witness=Broken())
    assert not [pid for pid in family(tmp_path) if lives(pid)]


def worker(folder: Path) -> "subprocess.Popen[bytes]":
    """A worker that forks a child, as the queue's do; the child runs the agent."""
    code = f"""
        import os, sys
        sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests")!r}]
        from pathlib import Path
        from shell.parent import die_with_parent
        from agent.test_agent_harness import FAMILY, play
        folder, me = Path({str(folder)!r}), os.getpid()
        if (child := os.fork()) == 0:
            die_with_parent(me)
            play(folder, FAMILY.format(folder) + "sleep 600", limit=600)
            os._exit(0)
        (folder / "child").write_text(str(child))
        os.waitpid(child, 0)
    """
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("who", ["worker", "child"])
def test_nothing_of_an_agent_outlives_a_killed_worker(tmp_path: Path, who: str) -> None:
    running = worker(tmp_path)
    pids = family(tmp_path)
    os.kill(running.pid if who == "worker" else pids_in(tmp_path / "child")[0], signal.SIGKILL)
    until(lambda: not [pid for pid in pids if lives(pid)])
    running.wait(LIMIT_S)


def test_the_agent_of_a_killed_worker_is_not_asked_to_end_but_ended(tmp_path: Path) -> None:
    lives_on = "[ -e asked ] && echo . >> after; sleep 0.02"
    code = f"cd {tmp_path}; trap 'touch asked' TERM; echo $$ > pids; while true; do {lives_on}; done"
    guard = [sys.executable, "-I", "-S", str(ROOT / "shell/agent/guard.py"), "--", "sh", "-c", code]
    program = (
        f"import subprocess, sys, time; subprocess.Popen({guard}, stdin=subprocess.PIPE); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    until(lambda: len(pids_in(tmp_path / "pids")) == 1)
    parent.kill()
    parent.wait(LIMIT_S)
    until(lambda: not lives(pids_in(tmp_path / "pids")[0]))
    after = (tmp_path / "after").read_text() if (tmp_path / "after").exists() else ""
    assert len(after) < GRACE_S / 0.02 / 2, "it was given time to end"


def test_a_killed_guard_takes_the_agent_with_it(tmp_path: Path) -> None:
    class Killing(Witness):
        def heartbeat(self, last_sign_at: str) -> None:
            if len(pids_in(tmp_path / "pids")) == 2 and lives(self.pids[0]):
                os.kill(self.pids[0], signal.SIGKILL)

    script = f"sleep 600 & echo $$ $! > {tmp_path}/pids; wait"
    assert play(tmp_path, script, witness=Killing()).status == -signal.SIGKILL
    until(lambda: not [pid for pid in pids_in(tmp_path / "pids") if lives(pid)])


def test_what_left_the_group_of_a_killed_guard_ends_with_the_run(tmp_path: Path) -> None:
    script = f"""
        touch {tmp_path}/pids
        setsid -f sh -c 'echo $$ >> {tmp_path}/pids; exec sleep 600'
        setsid sh -c 'echo $$ >> {tmp_path}/pids; (sleep 600 & echo $! >> {tmp_path}/pids); sleep 600' &
        while [ $(wc -l < {tmp_path}/pids) -lt 3 ]; do sleep 0.02; done
        kill -9 $PPID; sleep 600
    """
    assert play(tmp_path, script).status == -signal.SIGKILL
    assert len(pids_in(tmp_path / "pids")) == 3
    assert not [pid for pid in pids_in(tmp_path / "pids") if lives(pid)]


def test_the_processes_of_another_run_are_left_alone(tmp_path: Path) -> None:
    class Beside(Witness):
        def heartbeat(self, last_sign_at: str) -> None:
            if not (tmp_path / "done").exists():
                kill_remaining("another")
                (tmp_path / "done").touch()

    ended = play(tmp_path, f"while [ ! -e {tmp_path}/done ]; do sleep 0.02; done; exit 3", witness=Beside())
    assert (ended.how, ended.status) == ("ended", 3)


def test_output_and_changed_files_are_signs_of_life_and_silence_is_none(tmp_path: Path) -> None:
    talking, writing, silent = Witness(), Witness(), Witness()
    play(tmp_path, "for i in 1 2 3 4; do echo $i; sleep 0.15; done", witness=talking)
    play(tmp_path, "for i in 1 2 3 4; do echo $i >> file; sleep 0.15; done", witness=writing)
    play(tmp_path, "sleep 0.6", witness=silent)
    assert len(set(talking.signs)) > 2
    assert len(set(writing.signs)) > 2
    assert len(silent.signs) > 5 and len(set(silent.signs)) == 1


def test_a_deep_change_and_a_removal_are_seen(tmp_path: Path) -> None:
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    activity = Activity(tmp_path, clock=lambda: 0.0)
    assert not activity.moved()
    (deep / "file").write_text("y")
    assert activity.moved() and not activity.moved()
    (deep / "file").unlink()
    assert activity.moved()


def test_a_hanging_agent_shows_as_an_old_last_sign_and_ends_at_its_limit(stage: Stage) -> None:
    stage.answers({"match": "", "hang": True, "files": {"half.md": "x"}})
    result = stage.run(time_limit_s=1)
    assert result["outcome"] == "timeout" and "time limit" in result["reason"]
    assert stage.forge.files() == ["README.md", "half.md", "src/a.py"], "what it had done is kept"
