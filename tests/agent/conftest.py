"""The stage that every test of an attempt plays on."""

from pathlib import Path

import pytest

from .disk_forge import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.forge.commit({"README.md": "# Hello\n", "src/a.py": "a = 1\n"})
    return made
