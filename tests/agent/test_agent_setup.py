"""Setting up an agent framework: from a lock with hashes, behind walls, all of it or nothing."""

import json
import os
from pathlib import Path

import pytest

from shell.agent import setup
from shell.agent.frameworks import FRAMEWORKS, FrameworkError
from shell.agent.paths import Paths
from shell.agent.trial import find_sandbox

from .disk_forge import Witness

LOCKS = Path(setup.__file__).parent / "locks"
WALLS = find_sandbox(os.environ["PATH"])
walled = pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)


@pytest.mark.parametrize("name", setup.installable())
def test_every_file_that_is_installed_has_a_hash(name: str) -> None:
    framework = FRAMEWORKS[name]
    assert framework.installed_at and f"caloron agents setup {name}" in framework.install
    lock = LOCKS / name / "package-lock.json"
    if lock.exists():
        packages = json.loads(lock.read_text())["packages"]
        assert all(one.get("integrity") or path == "" for path, one in packages.items())
        return
    rows = (LOCKS / name / "requirements.txt").read_text().replace("\\\n", " ").splitlines()
    assert len(rows) > 1
    assert all("==" in row and "--hash=sha256:" in row for row in rows if not row.startswith("#"))


def test_a_framework_without_a_lock_says_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(FrameworkError, match=r"cursor-cli cannot be set up .*cursor\.com/cli"):
        setup.set_up(FRAMEWORKS["cursor-cli"], Paths(tmp_path), Witness())


def test_a_missing_installer_is_said(tmp_path: Path) -> None:
    with pytest.raises(FrameworkError, match="`npm` is not on PATH"):
        setup.set_up(FRAMEWORKS["open-code"], Paths(tmp_path, {"PATH": str(tmp_path)}), Witness())


@walled
def test_what_was_there_stays_where_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installer runs, and fails at a lock that names nothing that exists."""
    lock = tmp_path / "locks/aider"
    lock.mkdir(parents=True)
    (lock / "requirements.txt").write_text("no-such-package==1 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.setattr(setup, "_LOCKS", lock.parent)
    paths = Paths(tmp_path / "home", {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    before = paths.installed("aider") / "venv/bin/aider"
    before.parent.mkdir(parents=True)
    before.write_text("the version of yesterday")
    witness = Witness()
    with pytest.raises(FrameworkError, match=r"aider could not be installed: .*no-such-package"):
        setup.set_up(FRAMEWORKS["aider"], paths, witness)
    assert before.read_text() == "the version of yesterday"
    assert [path.name for path in before.parents[3].iterdir()] == ["aider"]
