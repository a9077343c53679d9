"""A run's own disk: it holds what the run may take and no more, and nothing of it outlives the run."""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shell.agent import quota
from shell.agent.limits import Limits
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Attempt, Paths, remove_dead_attempts
from shell.agent.quota import own_disk, own_mounts, why_none
from shell.agent.trial import find_sandbox
from shell.agent.usage import in_force
from tests.waiting import LIMIT_S, until

from .disk_forge import SPEC, Stage

MIB = 1024**2
_FORK = multiprocessing.get_context("fork")
needs_walls = pytest.mark.skipif(not find_sandbox(os.environ["PATH"]).works, reason="no bubblewrap here")
needs_disks = pytest.mark.skipif(why_none() is not None, reason=f"runs have no own disks: {why_none()}")
FILL = """python3 -c '
import os, sys
for number in range(40):
    try:
        with open(str(number), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 10 * 2**20)
    except OSError as error:
        print("refused:", error.strerror, "after", number)
        break
'"""


def apart(work: Callable[[], Any]) -> Any:
    """What it answers in a process with mounts of its own, as a worker's runs are."""
    ours, theirs = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=lambda: theirs.send((own_mounts(), work())))
    process.start()
    theirs.close()
    process.join(LIMIT_S)
    assert process.exitcode == 0
    own, answer = ours.recv()
    assert own
    return answer


def paths_of(folder: Path, most: int) -> Paths:
    return Paths(folder, {}, limits=replace(Limits(), disk_bytes=most), own_disks=True)


def devices(image: Path) -> list[str]:
    """The loop devices that hold it, also where it is deleted."""
    held = Path("/sys/block").glob("loop*/loop/backing_file")
    return [file.parts[3] for file in held if _text(file).startswith(str(image))]


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""  # released meanwhile


def mounts() -> str:
    return Path("/proc/self/mountinfo").read_text()


@needs_disks
@needs_walls
def test_an_agent_works_on_a_disk_of_its_own_and_nothing_of_it_stays(stage: Stage) -> None:
    stage.own_disks, before = True, mounts()
    stage.limits = replace(Limits(), disk_bytes=200 * MIB)
    say = "df --output=fstype,size -B1M . ~ | tail -n 2; mount | grep -c -E 'home|files'; echo x > x.md"
    result = apart(lambda: stage.play(say))
    assert (result["outcome"], result["changed"]) == ("done", ["x.md"]), result
    kinds = [line.split() for line in result["output_tail"].splitlines() if line.startswith("ext4")]
    assert len(kinds) == 2 and all(150 < int(size) <= 200 for _, size in kinds), result["output_tail"]
    assert not list((stage.home / "attempts").rglob("*/1")) and mounts() == before
    until(lambda: not devices(stage.home))


@needs_disks
@needs_walls
@pytest.mark.parametrize("then", ["sleep 60", "exit 1"], ids=["and goes on", "and fails of it"])
def test_an_agent_that_fills_its_disk_is_refused_more_and_ended(stage: Stage, then: str) -> None:
    stage.own_disks = True
    stage.limits = replace(Limits(), disk_bytes=100 * MIB)
    result = apart(lambda: stage.play(f"{FILL}\n{then}", time_limit_s=45))
    assert result["outcome"] == "limit", result
    assert result["reason"].startswith("The agent's files took more than 100 MiB."), result
    assert "refused: No space left on device after" in result["output_tail"]
    assert stage.forge.branches() == ["main"]


@needs_disks
@needs_walls
def test_an_agent_that_makes_too_many_files_is_ended(stage: Stage) -> None:
    stage.own_disks = True
    stage.limits = replace(Limits(), disk_bytes=16 * MIB)
    many = "python3 -c 'for n in range(5000): open(str(n), \"w\")'; sleep 60"
    result = apart(lambda: stage.play(many, time_limit_s=45))
    assert result["outcome"] == "limit" and result["reason"].startswith("The agent made more than "), result


@needs_disks
def test_a_repository_that_is_larger_than_the_disk_ends_the_run_in_words(stage: Stage) -> None:
    stage.own_disks = True
    (stage.forge.clone / "big").write_bytes(os.urandom(12 * MIB))
    stage.forge.commit({"small.md": "x"})
    stage.answers({"match": "", "files": {"a.md": "a"}})
    stage.limits = replace(Limits(), disk_bytes=10 * MIB)
    result = apart(stage.run)
    assert (result["outcome"], result["reason"]) == ("limit", "The task's files need more than 10 MiB.")


@needs_disks
def test_a_full_disk_takes_nothing_of_the_machines(tmp_path: Path) -> None:
    paths = paths_of(tmp_path, 32 * MIB)
    attempt = paths.attempt(SPEC)

    def fill() -> tuple[str | None, int, int]:
        with attempt.held(), own_disk(attempt, paths) as disk:
            assert disk
            attempt.make()
            empty = disk.full()
            assert empty is None
            _write_until_refused(attempt.folder / "fill")
            disk.check()
            full, taken = disk.full(), attempt.image.stat().st_blocks * 512
            (attempt.folder / "fill").unlink()
            os.sync()
            return full, taken, attempt.image.stat().st_blocks * 512

    full, taken, afterwards = apart(fill)
    assert full == "The agent's files took more than 32 MiB."
    assert 20 * MIB < taken <= 33 * MIB and afterwards < 8 * MIB


def _write_until_refused(file: Path) -> None:
    with open(file, "wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        for _ in range(100):
            filler.write(os.urandom(MIB))


@needs_disks
def test_what_the_machine_could_not_keep_is_not_pushed(tmp_path: Path) -> None:
    paths = paths_of(tmp_path, 64 * MIB)
    attempt = paths.attempt(SPEC)

    def write() -> str:
        small = ["mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", str(tmp_path)]
        subprocess.run(small, check=True)  # in this process's own mounts: a machine with 8 MiB
        with attempt.held(), own_disk(attempt, paths) as disk:
            assert disk
            attempt.make()
            disk.check()
            (attempt.folder / "a").write_bytes(os.urandom(30 * MIB))
            with pytest.raises(AttemptEnded) as ended:
                disk.check()
            (attempt.folder / "a").unlink()
            return ended.value.reason

    assert "did not keep what the agent wrote" in apart(write)


@needs_disks
def test_nothing_stays_of_a_run_that_was_killed(stage: Stage) -> None:
    stage.own_disks, before = True, mounts()
    stage.limits = replace(Limits(), disk_bytes=64 * MIB)
    paths = Paths(stage.home, {})
    attempt = paths.attempt(SPEC)
    stage.answers({"match": "", "files": {"begun.md": "x"}, "hang": True})

    def run() -> None:
        assert own_mounts()
        stage.run()

    process = _FORK.Process(target=run)
    process.start()
    there = Path(f"/proc/{process.pid}/root{attempt.folder}/begun.md")
    until(there.exists)
    assert devices(attempt.image) and remove_dead_attempts(paths, made_before_s=-1) == []
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    until(lambda: not devices(attempt.image))
    assert attempt.image.exists() and not list(attempt.space.iterdir()) and mounts() == before
    os.utime(attempt.started_from, (0, 0))  # nobody went on from it
    assert remove_dead_attempts(paths, made_before_s=-1) == [attempt.root]
    assert not attempt.root.exists()


@needs_disks
def test_a_run_begins_anew_where_another_was_killed(tmp_path: Path) -> None:
    paths = paths_of(tmp_path, 16 * MIB)
    attempt = paths.attempt(SPEC)
    attempt.make()
    attempt.image.write_bytes(b"left")

    def run() -> list[str]:
        with attempt.held(), own_disk(attempt, paths) as disk:
            return os.listdir(attempt.space) if disk else []

    assert apart(run) == ["lost+found"]


@needs_disks
def test_a_disk_that_is_in_use_at_the_end_goes_when_it_is_left(tmp_path: Path) -> None:
    paths = paths_of(tmp_path, 16 * MIB)
    attempt = paths.attempt(SPEC)

    def run() -> list[str]:
        with attempt.held(), own_disk(attempt, paths) as disk:
            assert disk
            attempt.make()
            left = os.open(attempt.folder, os.O_RDONLY)
        assert not attempt.root.exists()
        found = devices(attempt.image)
        os.close(left)
        return found

    assert apart(run)
    until(lambda: not devices(attempt.image))


def test_a_run_without_a_disk_of_its_own_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = paths_of(tmp_path, 16 * MIB)
    attempt = paths.attempt(SPEC)
    monkeypatch.setattr(quota, "_SYSTEM_PATH", str(tmp_path))
    with attempt.held(), own_disk(attempt, paths) as disk:
        attempt.make()
        assert disk is None and not attempt.image.exists()
        (attempt.folder / "a").write_text("a")
    assert not attempt.root.exists()
    assert attempt.log.read_text() == (
        "This run has no disk of its own (mkfs.ext4 is not installed); what its files take is looked at "
        "each second.\n"
    )


@needs_disks
def test_a_mount_that_fails_is_said_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = paths_of(tmp_path, 16 * MIB)
    attempt = paths.attempt(SPEC)
    monkeypatch.setattr(quota, "_OPTIONS", "loop,no_such_option")

    def run() -> bool:
        with attempt.held(), own_disk(attempt, paths) as disk:
            return disk is None and not attempt.image.exists()

    assert apart(run) and "has no disk of its own (mount: " in attempt.log.read_text()


def test_where_nothing_may_be_mounted_nothing_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert own_mounts() is False
    paths = Paths(tmp_path, {})
    attempt: Attempt = paths.attempt(SPEC)
    with attempt.held(), own_disk(attempt, paths) as disk:
        assert disk is None
    assert not attempt.log.exists()


@pytest.mark.parametrize("root", [True, False])
def test_doctor_says_who_keeps_the_disk(monkeypatch: pytest.MonkeyPatch, root: bool) -> None:
    if root and why_none():
        pytest.skip(f"runs have no own disks: {why_none()}")
    if not root:
        why_none.cache_clear()
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    try:
        said = in_force(Limits())
    finally:
        if not root:
            why_none.cache_clear()
    kept = "kept by a loop image" if root else "looked at each second, because the bot is not root"
    assert f"disk 10 GiB ({kept})" in said


@needs_disks
def test_an_empty_disk_takes_next_to_nothing(tmp_path: Path) -> None:
    paths = paths_of(tmp_path, Limits().disk_bytes)
    attempt = paths.attempt(SPEC)

    def run() -> int:
        with attempt.held(), own_disk(attempt, paths) as disk:
            assert disk
            return attempt.image.stat().st_blocks * 512

    assert apart(run) < 16 * MIB


@needs_disks
@needs_walls
def test_much_is_written_with_little_memory(stage: Stage) -> None:
    stage.own_disks = True
    stage.limits = replace(Limits(), memory_bytes=100 * MIB, disk_bytes=1024 * MIB)
    script = "head -c 400000000 /dev/zero > a; cksum a > x.md; rm a; head -c 400000000 /dev/zero > b; rm b"
    result = apart(lambda: stage.play(script, time_limit_s=100))
    assert (result["outcome"], result["changed"]) == ("done", ["x.md"]), result
