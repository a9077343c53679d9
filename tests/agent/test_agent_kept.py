"""What a run keeps for the next run of its task: home, session, and what its folder ignores."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from shell.agent.paths import KEPT_S, Paths, remove_dead_attempts
from shell.agent.quota import own_mounts, why_none
from tests.waiting import until

from .disk_forge import SPEC, Stage
from .test_agent_killed import _FORK

AGAIN = "Task: t1\nOnly what is new."
FIRST = """
printf 'node_modules/\\nrooted\\n' > .gitignore; touch ':(exclude)x'; mkdir node_modules
echo dep > node_modules/a; ln -s / rooted; echo note > ~/note; echo x > x.md
"""


def second(stage: Stage, script: str, **changed: Any) -> Any:
    return stage.play(script, attempt=2, again=AGAIN, **changed)


def kept_files(stage: Stage) -> list[Path]:
    return [*(stage.home / "kept").glob("*/*/*/*")]


def test_the_next_run_finds_home_and_ignored_files_and_goes_on_in_its_session(stage: Stage) -> None:
    stage.sandbox = "off"
    assert stage.play(FIRST)["outcome"] == "done"
    assert len(kept_files(stage)) == 2 and not [*(stage.home / "attempts").glob("*/*/*/*")]
    asked = stage.folder / "asked"
    result = second(stage, f"cat > {asked}; cat ~/note node_modules/a x.md > found.md")
    assert result["outcome"] == "done" and stage.forge.text("found.md") == "note\ndep\nx", result
    assert asked.read_text() == AGAIN


@pytest.mark.skipif(bool(why_none()), reason=f"no disk of its own: {why_none()}")
def test_a_disk_of_its_own_is_kept_whole(stage: Stage) -> None:
    stage.sandbox, stage.own_disks = "off", True

    def run() -> None:
        assert own_mounts()
        assert stage.play(FIRST)["outcome"] == "done"
        assert {file.name for file in kept_files(stage)} == {"disk.img", "kept.json"}
        result = second(stage, "cat ~/note node_modules/a x.md > found.md")
        assert result["outcome"] == "done", result

    process = _FORK.Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == 0 and stage.forge.text("found.md") == "note\ndep\nx"


def test_what_was_not_to_leave_is_not_found_again(stage: Stage) -> None:
    stage.sandbox = "off"
    script = "mkdir -p src; echo y > src/y.md; echo stray > stray.md; ln -s / rooted; echo note > ~/note"
    assert stage.play(script, scope=["src"])["outcome"] == "out_of_scope"
    result = second(stage, "test ! -e stray.md; test ! -L rooted; cat ~/note > src/z.md", scope=["src"])
    assert result["outcome"] == "done" and stage.forge.text("src/z.md") == "note", result
    assert not {"stray.md", "src/y.md"} & set(stage.forge.files())


def test_a_login_is_not_kept(stage: Stage) -> None:
    login = stage.folder / "person" / ".claude" / ".credentials.json"
    login.parent.mkdir(parents=True)
    login.write_text(json.dumps({"claudeAiOauth": {"accessToken": "a-token-0123456789", "expiresAt": 9e15}}))
    stage.sandbox = "off"
    assert stage.play("test -s ~/.claude/.credentials.json; echo x > x.md")["outcome"] == "done"
    texts = [file.read_bytes() for file in (stage.home / "kept").rglob("*") if file.is_file()]
    assert texts and not any(b"a-token" in text for text in texts)
    assert second(stage, "test -s ~/.claude/.credentials.json; echo y > y.md")["outcome"] == "done"


@pytest.mark.parametrize("how", ["another framework", "nothing to resume"])
def test_a_session_of_another_agent_is_not_gone_on_with(stage: Stage, how: str) -> None:
    stage.sandbox, asked = "off", stage.folder / "asked"
    assert stage.play("echo x > x.md")["outcome"] == "done"
    program, framework = (
        ("gemini", "gemini-cli") if how == "nothing to resume" else ("codex-acp", "codex-cli")
    )
    stage.script(f"cat > {asked}; echo y > y.md", program)
    result = stage.run(framework=framework, attempt=2, again=AGAIN)
    assert result["outcome"] == "done" and asked.read_text().startswith(SPEC["prompt"]), result


def test_after_a_run_that_failed_the_next_one_begins_anew(stage: Stage) -> None:
    stage.sandbox = "off"
    assert stage.play("echo note > ~/note; exit 3")["outcome"] not in ("done", "stopped")
    assert kept_files(stage) == []
    assert second(stage, "test ! -e ~/note; echo y > y.md")["outcome"] == "done"


def test_what_takes_too_much_is_not_kept(stage: Stage) -> None:
    stage.sandbox = "off"
    stage.limits = type(stage.limits)(disk_bytes=2 * 1024**2)
    assert stage.play("head -c 1200000 /dev/urandom > ~/large; echo x > x.md")["outcome"] == "done"
    assert kept_files(stage) == []


def test_what_is_kept_waits_three_days(stage: Stage) -> None:
    stage.sandbox, paths = "off", Paths(stage.home, stage.environment)
    assert stage.play("echo x > x.md")["outcome"] == "done"
    remove_dead_attempts(paths)
    [about] = (stage.home / "kept").glob("*/*/*/kept.json")
    old = about.parent.stat().st_mtime - KEPT_S - 1
    os.utime(about.parent, (old, old))
    remove_dead_attempts(paths)
    until(lambda: kept_files(stage) == [])


def test_an_ignore_file_of_the_agents_own_brings_nothing_back(stage: Stage) -> None:
    stage.sandbox = "off"
    script = (
        "printf '*' > .gitignore; echo evil > evil.py; git add -f .gitignore; mkdir -p src; echo x > src/x.md"
    )
    assert stage.play(script, scope=["src"])["outcome"] != "done"
    result = second(stage, "test ! -e evil.py; test ! -e .gitignore; echo y > src/y.md", scope=["src"])
    assert result["outcome"] == "done", result


def test_what_was_left_half_put_aside_goes(stage: Stage) -> None:
    half = stage.home / "kept" / "gitea-1" / "s-1" / "t1"
    half.mkdir(parents=True)
    (half / "disk.img").write_text("half")
    stage.sandbox = "off"
    assert stage.play("echo x > x.md")["outcome"] == "done"
    assert {one.name for one in half.iterdir()} == {"space", "kept.json"}
