"""What a run may use of the machine: each limit ends it with the outcome `limit` and a sentence."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shell.agent import harness
from shell.agent.cgroup import Group, make_group
from shell.agent.limits import Limits, size
from shell.agent.trial import find_sandbox
from shell.agent.usage import Disk, Usage, available_memory, shared_out_bytes, tree

from .disk_forge import Stage

MIB = 1024**2
needs_walls = pytest.mark.skipif(not find_sandbox(os.environ["PATH"]).works, reason="no bubblewrap here")
HOG = "python3 -c \"import time; x = b'x' * (300 * 1024**2); time.sleep(60)\""
FORKS = """python3 - <<'end'
import subprocess, time
for _ in range(200):
    try:
        subprocess.Popen(["sleep", "60"])
    except OSError:
        break
time.sleep(60)
end"""


@pytest.fixture(params=["with a cgroup", "without"])
def kept_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways: limited by the kernel where a cgroup may be made here, and looked at from outside."""
    if request.param == "without":
        monkeypatch.setattr(harness, "make_group", lambda name, limits: Group())
    else:
        group = make_group("caloron-test", Limits())
        group.remove()
        if not group.memory or not group.processes:
            pytest.skip("no cgroup may be made here")
    return str(request.param)


def limited(stage: Stage, script: str, **changed: int) -> Any:
    stage.limits = replace(Limits(), **changed)
    return stage.play(f"sleep 0.3; {script}", time_limit_s=45)


@needs_walls
@pytest.mark.parametrize(
    ("script", "limits", "words"),
    [
        (HOG, {"memory_bytes": 100 * MIB}, "The agent used more than 100 MiB of memory."),
        (FORKS, {"processes": 60}, "The agent ran more than 60 processes and threads at the same time."),
    ],
    ids=["memory", "processes"],
)
def test_memory_and_processes(
    stage: Stage, kept_by: str, script: str, limits: dict[str, int], words: str
) -> None:
    result = limited(stage, script, **limits)
    assert result["outcome"] == "limit" and result["reason"].startswith(words), result
    assert stage.forge.branches() == ["main"]


@needs_walls
@pytest.mark.parametrize(
    ("script", "limits", "words"),
    [
        (
            "head -c 90000000 /dev/urandom > a; head -c 90000000 /dev/urandom > b; sleep 60",
            {"disk_bytes": 100 * MIB},
            "The agent's files took more than 100 MiB.",
        ),
        (
            "head -c 60000000 /dev/urandom > a; sleep 60",
            {"free_disk_bytes": 2**60},
            "Less than 1.07e+09 GiB of disk was left, and the agent's files were growing.",
        ),
        (
            "yes $(seq -s x 1000)",
            {"output_bytes": 20 * MIB},
            "The agent printed more than 20 MiB.",
        ),
    ],
    ids=["disk", "free disk", "output"],
)
def test_disk_and_output(stage: Stage, script: str, limits: dict[str, int], words: str) -> None:
    result = limited(stage, script, **limits)
    assert result["outcome"] == "limit" and result["reason"].startswith(words), result


@needs_walls
def test_what_the_kernel_refuses_does_not_end_the_run(stage: Stage) -> None:
    script = (
        "head -c 30000000 /dev/zero > big; head -c 30000000 /dev/zero > /tmp/big; ls -l big | cut -d' ' -f5; "
        "head -c 30000000 /dev/zero > /dev/shm/big; du -sb /tmp/big | cut -f1; rm big; "
        "ulimit -n; echo x > x.md"
    )
    sizes = {"file_bytes": 10 * MIB, "temporary_bytes": 5 * MIB, "shared_bytes": 5 * MIB, "open_files": 300}
    result = limited(stage, script, **sizes)
    assert result["changed"] == ["x.md"], result
    said = result["output_tail"].split()
    assert str(10 * MIB) in said and str(5 * MIB) in said and "300" in said


def test_a_machine_without_memory_ends_the_run(tmp_path: Path) -> None:
    limits = replace(Limits(), free_memory_bytes=2**60)
    said = Usage(os.getpid(), tmp_path, limits, Group()).exceeded(0)
    assert said and "memory left" in said


def test_looks_are_a_second_apart(tmp_path: Path) -> None:
    usage = Usage(os.getpid(), tmp_path, Limits(), Group())
    assert usage.exceeded(0) is None and usage.next_look > time.monotonic() + 0.5
    usage.disk.close()


def test_the_tree_of_a_process_is_found_and_weighed() -> None:
    script = "import subprocess, sys; x = b'x' * 50_000_000; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.readline()
        found = {process.pid: process for process in tree(os.getpid())}
        assert child.pid in found and os.getpid() not in found
        assert 50_000_000 < shared_out_bytes(found[child.pid]) < 200_000_000
        child.communicate()
    assert available_memory() > 0


def test_deep_folders_are_counted(tmp_path: Path) -> None:
    deep = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("below", dir_fd=deep)
        deeper = os.open("below", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = deeper
    file = os.open("big", os.O_WRONLY | os.O_CREAT, dir_fd=deep)
    os.write(file, os.urandom(3 * MIB))
    os.fsync(file)
    os.close(file)
    os.close(deep)
    disk = Disk(tmp_path)
    disk.used()
    assert disk.counting
    disk.counting.wait()
    assert disk.used() >= 3 * MIB
    subprocess.run(["rm", "-rf", str(tmp_path / "below")], check=True)


def test_sizes_are_said_for_people() -> None:
    assert [size(8 * 1024**3), size(1536 * MIB), size(2048), size(12)] == [
        "8 GiB",
        "1.5 GiB",
        "2 KiB",
        "12 bytes",
    ]
