"""Where an attempt keeps its things, and what is forgotten."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from shell.agent.paths import Paths, make_room, remove_dead_attempts, remove_old_logs
from shell.disk import Reserve

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


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    places = Paths(tmp_path, {})
    left, used = places.attempt(SPEC), places.attempt(SPEC | {"attempt": 2})
    with used.held():
        used.make()
        left.make()
        (left.folder / "locked").mkdir(mode=0o555)
        assert remove_dead_attempts(places) == [], "it may be about to begin"
        assert remove_dead_attempts(places, made_before_s=-1) == [left.root]
        assert used.folder.exists() and not left.root.exists()
    assert not used.root.exists()


def test_copies_are_removed_only_where_space_is_short_and_no_run_uses_them(tmp_path: Path) -> None:
    enough, short = Reserve((tmp_path,), 1), Reserve((tmp_path,), 2**60)
    copy = Paths(tmp_path, {}).repository("gitea-1")
    copy.mkdir(parents=True)
    make_room(Paths(tmp_path, {}, reserve=enough))
    with Paths(tmp_path, {}).attempt(SPEC).held():
        make_room(Paths(tmp_path, {}, reserve=short))
    assert copy.exists()
    make_room(Paths(tmp_path, {}, reserve=short))
    assert not copy.exists()


def test_logs_are_kept_for_a_month_and_up_to_a_size(tmp_path: Path) -> None:
    places = Paths(tmp_path, {})
    logs = [places.attempt(SPEC | {"attempt": number}).log for number in range(4)]
    for age, log in enumerate(logs):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"x" * 1000)
        made = time.time() - age * 86400
        os.utime(log, (made, made))
    os.utime(logs[1], (0, 0))
    assert remove_old_logs(places, most=2500) == [logs[3], logs[1]]
    assert logs[0].exists() and logs[2].exists()
