"""The walls around an agent: tried before they are used, said where there are none, and what they show."""

import os
import shutil
from pathlib import Path

import pytest

from shell.agent import apparmor
from shell.agent.limits import Limits
from shell.agent.sandbox import Mounts, Sandbox, wrap
from shell.agent.seen import Seen
from shell.agent.trial import find_sandbox, stance

from .disk_forge import Stage

REAL = find_sandbox(os.environ["PATH"]).works
needs_walls = pytest.mark.skipif(not REAL, reason="bubblewrap is not here or does not work")


def fake(folder: Path, script: str) -> str:
    """A PATH whose bwrap is this script."""
    tools = folder / "tools"
    tools.mkdir()
    (tools / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "bwrap").chmod(0o755)
    return f"{tools}:{os.environ['PATH']}"


VERSION = '[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit 0'


def test_without_bubblewrap_it_says_so_and_what_to_install(tmp_path: Path) -> None:
    found = find_sandbox(str(tmp_path))
    assert not found.works
    assert (
        "no walls around agents" in found.statement
        and "install it (the package `bubblewrap`)" in found.statement
    )


def test_a_bubblewrap_that_does_not_work_is_not_used(tmp_path: Path) -> None:
    script = f"{VERSION}; echo 'No permissions to create new namespace' >&2; exit 1"
    found = find_sandbox(fake(tmp_path, script))
    assert not found.works and "No permissions to create new namespace" in found.statement


def test_an_old_bubblewrap_is_not_used(tmp_path: Path) -> None:
    found = find_sandbox(fake(tmp_path, "echo bubblewrap 0.6.1"))
    assert not found.works and "bubblewrap is 0.6, and 0.8 or newer is needed" in found.statement


def test_a_bubblewrap_that_only_runs_the_command_is_not_used(tmp_path: Path) -> None:
    found = find_sandbox(fake(tmp_path, f"{VERSION}\n{ONLY_RUN}"))
    assert not found.works and "bubblewrap let an agent read a secret file outside" in found.statement


ONLY_RUN = (
    'while case $1 in *python*) false;; *) true;; esac; do [ "$1" = --chdir ] && cd "$2"; shift; done; '
    'exec "$@"'
)


def test_only_what_is_named_is_shown(tmp_path: Path) -> None:
    seen = Seen({Path("/usr/bin"), Path("/opt/node")}, {Path("/bin"): "usr/bin"})
    mounts = Mounts(tmp_path / "f", seen, (tmp_path / "h",), at={Path("/etc/passwd"): tmp_path / "passwd"})
    command = wrap(Sandbox("/usr/bin/bwrap", ""), mounts, ["/usr/bin/claude", "-p"], Limits())
    line = " ".join(command)
    assert "--unshare-net" in line and "--share-net" not in line and "--ro-bind / " not in line
    assert "--unshare-user --disable-userns" in line and "--cap-drop ALL" in line and "--cap-add" not in line
    shown = [command[at + 1] for at, word in enumerate(command) if word in ("--ro-bind", "--bind")]
    assert shown == [
        str(tmp_path / "passwd"),
        "/opt/node",
        "/usr/bin",
        str(tmp_path / "f"),
        str(tmp_path / "h"),
    ]
    assert line.endswith("-- /usr/bin/claude -p")


def test_as_root_the_agent_is_another_user(tmp_path: Path) -> None:
    mounts = Mounts(tmp_path, Seen())
    line = " ".join(wrap(Sandbox("/usr/bin/bwrap", "", 4711), mounts, ["true"], Limits()))
    assert '"user": 4711' in line and "--reuid=4711 --regid=4711 --clear-groups" in line
    assert "--bounding-set=-all --no-new-privs" in line and "--unshare-user" not in line


def test_the_way_out_is_shown_and_its_bridge_runs_first(tmp_path: Path) -> None:
    mounts = Mounts(tmp_path / "f", Seen(), egress=tmp_path / "proxy", bridge=("/bridge", "--"))
    line = " ".join(wrap(Sandbox("/usr/bin/bwrap", ""), mounts, ["agent"], Limits()))
    assert f"--ro-bind {tmp_path}/proxy {tmp_path}/proxy" in line and line.endswith("-- /bridge -- agent")


def test_without_walls_nothing_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shell.agent.prepare.find_sandbox", lambda path: Sandbox(None, "There are no walls."))
    stage.sandbox = "required"
    result = stage.play("echo x > x.md")
    assert result["outcome"] == "no_sandbox" and "There are no walls." in result["reason"], result
    assert stage.forge.branches() == ["main"]
    stage.sandbox = "preferred"
    assert stage.play("echo x > x.md")["changed"] == ["x.md"]


def test_recorded_answers_need_no_walls(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shell.agent.prepare.find_sandbox", lambda path: Sandbox(None, "There are no walls."))
    stage.sandbox = "required"
    stage.answers({"match": "", "files": {"a.md": "a"}})
    assert stage.run()["changed"] == ["a.md"]


def test_how_agents_run_is_said(tmp_path: Path) -> None:
    nowhere = str(tmp_path)
    assert stance("off", "claude-code").state == "off"
    assert "can read and write what it can" in stance("off", "claude-code").words
    refused = stance("required", "claude-code", nowhere)
    assert (
        refused.state == "refused"
        and "install it" in refused.words
        and "No agent is started" in refused.words
    )
    bare = stance("preferred", "claude-code", nowhere)
    assert bare.state == "bare" and "CALORON_SANDBOX is `preferred`" in bare.words
    recorded = stance("required", "stub", nowhere)
    assert recorded.state == "recorded" and "Recorded answers need none" in recorded.words


@needs_walls
def test_walls_that_work_are_said() -> None:
    assert stance("required", "claude-code").state == "walled"


def test_where_apparmor_forbids_namespaces_its_profile_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apparmor, "_RESTRICTED", tmp_path / "restricted")
    assert apparmor.apparmor_advice() is None
    (tmp_path / "restricted").write_text("0\n")
    assert apparmor.apparmor_advice() is None
    (tmp_path / "restricted").write_text("1\n")
    advice = apparmor.apparmor_advice() or ""
    assert (
        "/etc/apparmor.d/bwrap" in advice and "profile bwrap /usr/bin/bwrap" in advice and "userns," in advice
    )


@needs_walls
def test_switched_off_an_agent_runs_as_this_user(stage: Stage) -> None:
    stage.sandbox = "off"
    (stage.folder / "open").write_text("open to it")
    result = stage.play(f"cat {stage.folder}/open; id -u > uid.md")
    assert "open to it" in result["output_tail"] and stage.forge.text("uid.md") == str(os.getuid())


@needs_walls
def test_in_the_real_sandbox_nothing_else_is_seen(stage: Stage) -> None:
    person = stage.folder / "person"
    (person / ".claude").mkdir(parents=True)
    (person / ".claude/settings.json").write_text("{}")
    (person / ".claude/history.jsonl").write_text("what was said elsewhere")
    (stage.home / "store").mkdir(parents=True)
    (stage.home / "store/secret").write_text("s3cret")
    result = stage.play(
        f"cat ~/.claude/settings.json; ls -a ~/.claude; ls {stage.home}; ls -a /root /home /run; "
        f"cat {stage.home}/store/secret; echo x > ~/.claude/new; touch /usr/x {stage.forge.bare}/x; "
        "id -un; git status --short; cat > x.md"
    )
    assert result["outcome"] == "done", result
    assert "{}" in result["output_tail"] and "s3cret" not in result["output_tail"]
    assert "history.jsonl" not in result["output_tail"] and ".ssh" not in result["output_tail"]
    assert not (person / ".claude/new").exists() and not (stage.forge.bare / "x").exists()
    assert "agent" in result["output_tail"].split()
    assert stage.forge.text("x.md").startswith("Task: t1")


@needs_walls
def test_our_own_frameworks_work_in_the_real_sandbox(stage: Stage) -> None:
    stage.answers({"match": "", "times": 1, "files": {"a.md": "a"}})
    stage.fixture.chmod(0o600)
    assert stage.run()["changed"] == ["a.md"]
    assert any((stage.home / "stub").iterdir()), "the uses are counted outside"
    shutil.rmtree(stage.home / "stub")
    failed = stage.run(framework="anthropic")
    assert "set ANTHROPIC_API_KEY" in failed["reason"], failed


@needs_walls
@pytest.mark.parametrize("tool", ["node", "npm", "go", "cargo", "git", "rg", "python3"])
def test_the_toolchains_of_this_machine_run_inside(stage: Stage, tool: str) -> None:
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    said = {"go": "go version"}.get(tool, f"{tool} --version")
    result = stage.play(f"{said} && echo it runs > it.md")
    assert stage.forge.branches() != ["main"], result
    assert stage.forge.text("it.md") == "it runs", result
