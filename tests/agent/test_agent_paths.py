"""Where an attempt keeps its things, and what is forgotten."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from shell.agent.paths import Paths, remove_old_files

from .disk_forge import SPEC


def test_names_that_are_no_ids_make_no_paths(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [
        {"sprint_id": "../x"},
        {"task_id": "a/b"},
        {"lane": "/etc"},
        {"task_id": ""},
    ]
    for changed in wrong:
        with pytest.raises(ValueError, match="is not a valid id"):
            Paths(tmp_path, {}).attempt(SPEC | changed)


def test_the_environment_is_the_processs_own_and_the_files_beneath_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "env"
    file.write_text("ANTHROPIC_API_KEY=from-file\nOPENAI_API_KEY=from-file\n")
    file.chmod(0o600)
    (tmp_path / ".env").write_text("ANTHROPIC_API_KEY=from-elsewhere\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALORON_HOME", str(tmp_path))
    monkeypatch.delenv("CALORON_ENV_FILE", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "from-process")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    given = Paths(tmp_path).environment
    assert (given["ANTHROPIC_API_KEY"], given["OPENAI_API_KEY"]) == ("from-file", "from-process")
    assert "from-" not in repr(Paths(tmp_path))


def test_what_a_killed_machine_left_is_forgotten_in_time(tmp_path: Path) -> None:
    places = Paths(tmp_path, {})
    old, young = places.attempt(SPEC), places.attempt(SPEC | {"attempt": 2})
    for attempt in (old, young):
        attempt.make()
        attempt.log.write_text("x")
    (old.folder / "locked").mkdir(mode=0o555)
    long_ago = time.time() - 40 * 86400
    os.utime(old.root, (long_ago, long_ago))
    os.utime(old.log, (long_ago, long_ago))
    assert set(remove_old_files(places, 86400)) == {old.root, old.log}
    assert young.root.exists() and young.log.exists() and not old.root.exists()
