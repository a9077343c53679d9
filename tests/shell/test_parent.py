"""A child dies with its parent, be it by a program on its way that asks the kernel or by its first step."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from jobs.preload import FOR
from shell import parent
from shell.processes import process
from tests.waiting import LIMIT_S, until

ROOT = Path(__file__).parents[2]
PROGRAM = """
import subprocess, sys, time
from shell import parent

if sys.argv[1] == "by itself":
    parent._setpriv = lambda: None
command, at_first = parent.dying_with_us(["/bin/sleep", "60"])
assert (at_first is None) == (sys.argv[1] == "by a program")
print(subprocess.Popen(command, start_new_session=True, preexec_fn=at_first).pid, flush=True)
time.sleep(60)
"""
needs_setpriv = pytest.mark.skipif(parent._setpriv() is None, reason="no setpriv that knows --pdeathsig here")


@pytest.mark.parametrize("how", [pytest.param("by a program", marks=needs_setpriv), "by itself"])
def test_a_killed_process_takes_its_child_with_it(how: str) -> None:
    command = [sys.executable, "-P", "-c", PROGRAM, how]
    with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True) as above:
        assert above.stdout
        child = process(int(above.stdout.readline()))
        assert child
        until(lambda: Path(f"/proc/{child.pid}/comm").read_text() == "sleep\n")
        above.kill()
        until(lambda: not child.alive())


@needs_setpriv
def test_a_worker_of_agents_has_tried_it_before_its_first_run() -> None:
    parent._setpriv.cache_clear()
    FOR["agents"](MagicMock())
    assert parent._setpriv.cache_info().currsize == 1


@needs_setpriv
def test_a_child_whose_parent_died_before_the_kernel_was_asked_does_not_begin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 2**22 + 1)
    command, _ = parent.dying_with_us(["/bin/touch", str(tmp_path / "begun")])
    assert subprocess.run(command, timeout=LIMIT_S).returncode == 1
    assert not (tmp_path / "begun").exists()
