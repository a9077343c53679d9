"""`caloron up` for real on a small disk that is full before it starts."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_up import Up, given
from tests.waiting import LIMIT_S, until

__all__ = ["given"]


@pytest.fixture
def small(given: dict[str, str]) -> Iterator[Path]:
    """A CALORON_HOME on a file system of 64 MiB, as an earlier `up` left it."""
    home = Path(given["CALORON_HOME"])
    home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "caloron", str(home)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    (home / "up.lock").touch()
    given["CALORON_DISK_RESERVE"] = "1"
    yield home
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def fill(file: Path) -> None:
    """Write until not one more byte has room."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        while True:
            filler.write(b"x" * 2**20)


def test_leftovers_that_fill_the_disk_are_removed_before_anything_is_written(
    given: dict[str, str], small: Path, tmp_path: Path
) -> None:
    leftover = small / "attempts" / "lane" / "sprint" / "task" / "1"
    fill(leftover / "fill")
    bot = Up(given, log := tmp_path / "up.log")
    try:
        until(lambda: bot.ready() or bot.process.poll() is not None, log.read_text)
        assert bot.process.poll() is None, log.read_text()
        assert not leftover.exists()
        assert int((small / "up.lock").read_text()) == bot.process.pid
    finally:
        bot.process.terminate()
        bot.process.wait(LIMIT_S)


def test_a_disk_that_others_filled_is_named(given: dict[str, str], small: Path, tmp_path: Path) -> None:
    fill(small / "others")
    bot = Up(given, log := tmp_path / "up.log")
    assert bot.process.wait(LIMIT_S) == 1
    assert f"Error: The disk of {small} is full (No space left on device), so the bot did not start. " in (
        log.read_text()
    )
    assert "Delete files there or make the disk larger, then run `caloron up` again." in log.read_text()
    assert "Traceback" not in log.read_text()
