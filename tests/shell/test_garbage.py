"""What a process loads at its start is kept, and garbage is looked for from then on."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import gc
from shell.garbage import keep_what_is_loaded

keep_what_is_loaded()
assert gc.isenabled() and not gc.get_freeze_count(), "nothing was put off"
gc.disable()
keep_what_is_loaded()
assert gc.isenabled() and gc.get_freeze_count() > 1000
"""
BEGINS = (
    "bot/cli/__main__.py",
    "bot/web/__main__.py",
    "jobs/clock.py",
    "jobs/worker.py",
    "shell/embedded.py",
)


def test_what_is_loaded_is_kept_where_looking_for_garbage_was_put_off() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_process_of_the_bot_puts_it_off_before_it_imports_anything() -> None:
    for name in BEGINS:
        first = (ROOT / name).read_text().split('"""', 2)[2].replace("# ruff: noqa: E402\n", "").lstrip()
        assert first.startswith('import gc\n\nif __name__ == "__main__":\n    gc.disable()'), name


def test_a_worker_of_actions_loads_nothing_that_decides() -> None:
    program = (
        "import sys; from unittest.mock import MagicMock; from jobs.preload import FOR; "
        "FOR['actions'](MagicMock());"
        "assert 'stages.board.draw_boards' in sys.modules; assert 'handlers.switchboard' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
