"""A package that takes the name of one of our rooms stops the start, in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shell import installed

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "handlers", "jobs", "compositions", "stages", "shell")


def start(program: str, before: Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """A process of ours whose Python finds the packages in `before` first, but our own module last."""
    code = (
        "import runpy, sys; import importlib.util as u; root, before, name = sys.argv[1:4]\n"
        "room, _, rest = name.partition('.')\n"
        "spec = u.spec_from_file_location(room, f'{root}/{room}/__init__.py',"
        " submodule_search_locations=[f'{root}/{room}'])\n"
        "sys.path[:0] = [before, root]\n"
        "sys.modules[room] = module = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "runpy.run_module(name, run_name='__main__')\n"
    )
    words = [sys.executable, "-P", "-c", code, str(ROOT), str(before), program]
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd)},
    )


@pytest.mark.parametrize("program", ["bot.cli", "bot.web", "jobs.worker", "jobs.clock", "shell.embedded"])
@pytest.mark.parametrize("room", ["shell", "jobs", "stages"])
def test_another_package_of_that_name_stops_the_start(tmp_path: Path, program: str, room: str) -> None:
    if program.partition(".")[0] == room:
        pytest.skip("that is the room which starts")
    (tmp_path / "site" / room).mkdir(parents=True)
    (tmp_path / "site" / room / "__init__.py").write_text("open('ran', 'w')\n")
    done = start(program, tmp_path / "site", tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"Python finds the package `{room}` in {tmp_path / 'site' / room}" in done.stderr
    assert not (tmp_path / "ran").exists(), "the other package was run"


def test_a_package_of_the_current_folder_is_not_even_seen(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").write_text("open('ran', 'w')\n")
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-P", "-m", "jobs.worker", "nonsense"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False, env=told)
    assert "There is no queue 'nonsense'" in done.stderr and not (tmp_path / "ran").exists()


def test_the_check_is_the_same_wherever_a_process_starts() -> None:
    blocks = {
        (ROOT / room / "__init__.py").read_text().partition("\n")[2] for room in ("bot", "jobs", "shell")
    }
    (block,) = blocks
    assert all(f'"{room}"' in block for room in ROOMS) and installed.ROOMS == ROOMS


def test_every_process_is_started_without_the_current_folder() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert lines and all(line.partition(": ")[2].startswith("python -P -m ") for line in lines)


def test_an_installed_package_with_a_room_of_ours_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed.shared_rooms() == []
    shared = {"jobs": ["caloron-bot", "jobs-of-others"], "shell": ["caloron-bot"]}
    monkeypatch.setattr(installed, "packages_distributions", lambda: shared)
    (line,) = installed.shared_rooms()
    assert "jobs-of-others" in line and "`jobs`" in line and "virtual environment" in line
