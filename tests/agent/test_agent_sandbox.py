"""The walls around an agent: used where bubblewrap works, plainly said where it does not."""

import os
import shutil
from pathlib import Path

import pytest

from shell.agent.sandbox import Mounts, Sandbox, find_sandbox, wrap

from .disk_forge import Stage

REAL = find_sandbox(os.environ["PATH"]).program is not None


def fake(folder: Path, script: str) -> str:
    """A PATH whose bwrap is this script."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "bwrap").chmod(0o755)
    return f"{tools}:{os.environ['PATH']}"


def test_without_bubblewrap_it_says_so_and_what_to_install(tmp_path: Path) -> None:
    found = find_sandbox(str(tmp_path))
    assert found.program is None
    assert "Agents are not isolated" in found.statement and "install bubblewrap" in found.statement


def test_a_bubblewrap_that_does_not_work_is_not_used(tmp_path: Path) -> None:
    found = find_sandbox(fake(tmp_path, "echo 'No permissions to create new namespace' >&2; exit 1"))
    assert found.program is None and "No permissions to create new namespace" in found.statement


def test_the_folder_is_writable_and_the_homes_are_hidden(tmp_path: Path) -> None:
    mounts = Mounts(
        tmp_path / "f", (tmp_path / "h",), hidden=(tmp_path,), at={tmp_path / "h/.c": Path("/real/.c")}
    )
    command = wrap(Sandbox("/usr/bin/bwrap", ""), mounts, ["/usr/bin/claude", "-p"])
    line = " ".join(command)
    assert line.startswith("/usr/bin/bwrap --die-with-parent --unshare-all --share-net --ro-bind / /")
    assert f"--tmpfs {tmp_path}" in line and "--tmpfs /root" in line
    assert f"--bind {tmp_path}/f {tmp_path}/f" in line and f"--bind /real/.c {tmp_path}/h/.c" in line
    assert line.endswith(f"--chdir {tmp_path}/f -- /usr/bin/claude -p")
    assert line.index(f"--tmpfs {tmp_path}") < line.index(f"--bind {tmp_path}/f")


def test_an_attempt_goes_through_a_working_bubblewrap(stage: Stage) -> None:
    noted = stage.folder / "noted"
    script = f'echo x >> {noted}; while [ "$1" != -- ] && [ $# -gt 0 ]; do shift; done; shift; exec "$@"'
    fake(stage.folder, script)
    stage.script('echo "$@" > arguments')
    stage.environment["PATH"] = f"{stage.folder / 'tools'}:{stage.environment['PATH']}"
    result = stage.run(framework="claude-code")
    assert result["outcome"] == "done", result
    assert "--dangerously-skip-permissions" in stage.forge.text("arguments")
    assert noted.exists()


@pytest.mark.skipif(not REAL, reason="bubblewrap is not here or does not work")
def test_in_the_real_sandbox_nothing_else_is_seen(stage: Stage) -> None:
    person = stage.folder / "person"
    (person / ".claude").mkdir(parents=True)
    (person / ".claude/settings.json").write_text("{}")
    (stage.home / "store").mkdir(parents=True)
    (stage.home / "store/secret").write_text("s3cret")
    stage.environment["PATH"] = os.environ["PATH"]
    result = stage.play(
        f"cat ~/.claude/settings.json; ls {stage.home}; ls /root /home /run; cat {stage.home}/store/secret; "
        f"echo x > ~/.claude/new; touch /usr/x {stage.forge.bare}/x; ls /proc | grep -c '^[0-9]'; "
        "git status --short; cat > x.md"
    )
    assert result["outcome"] == "done", result
    assert "{}" in result["output_tail"] and "s3cret" not in result["output_tail"]
    assert (person / ".claude/new").exists() and not (stage.forge.bare / "x").exists()
    assert stage.forge.text("x.md").startswith("Task: t1")


@pytest.mark.skipif(not REAL, reason="bubblewrap is not here or does not work")
def test_our_own_frameworks_work_in_the_real_sandbox(stage: Stage) -> None:
    stage.answers({"match": "", "times": 1, "files": {"a.md": "a"}})
    assert stage.run()["changed"] == ["a.md"]
    assert any((stage.home / "stub").iterdir()), "the uses are counted outside"
    shutil.rmtree(stage.home / "stub")
    failed = stage.run(framework="anthropic")
    assert "set ANTHROPIC_API_KEY" in failed["reason"], failed
