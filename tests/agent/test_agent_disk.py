"""Disks that fill: a run ends while its machine still has space left."""

from pathlib import Path

from shell.agent.paths import Paths
from shell.agent.run import run_attempt
from shell.disk import Reserve

from .disk_forge import SPEC, Stage


def test_a_run_on_a_machine_with_too_little_space_is_ended_at_once(stage: Stage) -> None:
    stage.answers({"match": "", "files": {"a.md": "a"}, "hang": True})
    reserve = Reserve((stage.home,), 2**60)
    paths = Paths(stage.home, stage.environment, stage.sandbox, reserve=reserve)
    spec = SPEC | {"clone_url": str(stage.forge.bare)}
    result = run_attempt(spec, stage.forge, paths, stage.witness)
    assert result["outcome"] == "limit", result
    assert "running out of disk space" in str(result["reason"])
    assert not list((stage.home / "attempts").rglob("a.md"))


def test_a_reserve_says_where_too_little_is_free(tmp_path: Path) -> None:
    assert Reserve((tmp_path, tmp_path / "missing"), 1).shortage() is None
    shortage = Reserve((tmp_path,), 2**60).shortage() or ""
    assert str(tmp_path) in shortage and "must stay free" in shortage
