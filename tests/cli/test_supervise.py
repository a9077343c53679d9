"""The supervisor: what dies starts again, what must end ends, nothing outlives a killed parent."""

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from bot.cli import supervise
from bot.cli.supervise import Child, Supervisor
from shell import restarts
from tests.waiting import LIMIT_S, until

ROOT = Path(__file__).parents[2]
SLEEPER = "import time; time.sleep(60)"
STUBBORN = (
    f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True); {SLEEPER}"
)


def child(tmp_path: Path, program: str, name: str = "one") -> Child:
    return Child(name, [sys.executable, "-c", program], os.environ, tmp_path / f"{name}.log")


def lives(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_what_dies_starts_again_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    one = child(tmp_path, SLEEPER)
    supervisor = Supervisor([one], said.append)
    supervisor.start()
    assert one.process
    first = one.process.pid
    one.process.kill()

    def again() -> bool:
        supervisor.look()
        return bool(one.process and one.process.pid != first)

    until(again)
    supervisor.drain()
    assert said and "SIGKILL" in said[0]


def test_what_dies_at_once_starts_again_later_and_later(tmp_path: Path) -> None:
    one = child(tmp_path, "")
    one.started = monotonic()
    delays = [one.back_off() for _ in range(4)]
    assert delays == sorted(set(delays))


def test_what_cannot_be_started_is_tried_again_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that cannot be made, as on a full disk, must not end `up`."""
    monkeypatch.setattr(supervise, "FIRST_DELAY_S", 0.0)
    monkeypatch.setattr(supervise, "LONGEST_DELAY_S", 0.0)
    restarts.make(tmp_path)
    one = child(tmp_path / "missing", SLEEPER)
    supervisor = Supervisor([one], lambda _words: None, lambda dying: restarts.write(tmp_path, dying))
    supervisor.start()

    def reasons() -> list[str]:
        supervisor.look()
        return restarts.reasons(tmp_path)

    until(reasons)
    assert restarts.reasons(tmp_path)[0].startswith("process one died 3 times ([Errno 2] No such file")
    (tmp_path / "missing").mkdir()
    monkeypatch.setattr(supervise, "STEADY_S", 0.0)
    until(lambda: not reasons())
    supervisor.drain()


def test_draining_ends_also_the_stubborn_and_the_store_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "DRAIN_S", 0.5)
    said: list[str] = []
    children = [child(tmp_path, SLEEPER, "store"), child(tmp_path, STUBBORN, "stubborn")]
    supervisor = Supervisor(children, said.append)
    supervisor.start()
    until(lambda: "set" in (tmp_path / "stubborn.log").read_text())
    supervisor.drain()
    assert said == ["stubborn did not stop within 0 s and was killed"]
    assert all(one.process and one.process.wait(LIMIT_S) < 0 for one in children)


def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    program = f"""
import os, sys, time
from pathlib import Path
from bot.cli.supervise import Child, Supervisor
from shell import restarts
child = Child("one", [sys.executable, "-c", {SLEEPER!r}], os.environ, Path({str(tmp_path / "one.log")!r}))
Supervisor([child], print).start()
print(child.process.pid, flush=True)
time.sleep(60)
"""
    told = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=told
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert lives(pid)
        parent.kill()
        parent.wait()
        until(lambda: not lives(pid))
