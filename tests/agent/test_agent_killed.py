"""A run whose process is killed in the middle of a turn leaves its work, and the next run goes on from it."""

import os
import signal
from multiprocessing import get_context
from typing import Any

import pytest

from shell.agent.paths import Paths, remove_dead_attempts
from shell.agent.quota import own_mounts, why_none
from tests.waiting import until

from .disk_forge import SPEC, Stage

BRANCH = SPEC["branch"]
WORKS = "echo half > x.md; mkdir -p deep; echo more > deep/y.md; rm README.md; : > {begun}; exec sleep 600"
_FORK = get_context("fork")


def kill_in_a_turn(
    stage: Stage, script: str = WORKS, program: str = "claude-agent-acp", **changed: Any
) -> None:
    """Attempt 1 begins, and its process is killed once its agent has done something."""
    begun = stage.folder / "begun"
    stage.sandbox = "off"
    stage.forge.commit({"README.md": "read me\n", "ci.yml": "on: push\n"}, "main")

    def run() -> None:
        stage.own_disks = stage.own_disks and own_mounts()
        stage.script(script.format(begun=begun), program)
        framework = "codex-cli" if program == "codex-acp" else "claude-code"
        stage.run(framework=framework, time_limit_s=600, **changed)

    process = _FORK.Process(target=run)
    process.start()
    until(begun.exists)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert stage.forge.branches() == ["main"]


def next_run(stage: Stage, script: str, **changed: Any) -> Any:
    return stage.play(script, attempt=2, time_limit_s=600, **changed)


def test_the_next_run_goes_on_from_what_was_done(stage: Stage) -> None:
    kill_in_a_turn(stage)
    asked = stage.folder / "asked"
    result = next_run(stage, f"cat > {asked}; test ! -e README.md; cat x.md deep/y.md > both.md")
    assert result["outcome"] == "done", result
    assert stage.forge.text("both.md") == "half\nmore" and "README.md" not in stage.forge.files()
    assert "An earlier run was ended before it was done." in asked.read_text()
    assert len(stage.witness.partial) == 1 and result["changed"] == ["both.md"]
    assert not any((stage.home / "attempts").glob("*/*/*/1")), "its folder is gone"
    assert stage.forge.subject(f"{BRANCH}~1") == "Work in progress: Say hello"


@pytest.mark.skipif(bool(why_none()), reason=f"no disk of its own: {why_none()}")
def test_the_work_on_a_disk_of_its_own_is_kept_too(stage: Stage) -> None:
    stage.own_disks = True
    kill_in_a_turn(stage)
    [left] = (stage.home / "attempts").glob("*/*/*/1")
    assert (left / "disk.img").exists() and not any((left / "space").iterdir())

    def run() -> None:
        assert own_mounts()
        result = next_run(stage, "cat x.md deep/y.md > both.md")
        assert result["outcome"] == "done", result

    process = _FORK.Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == 0 and stage.forge.text("both.md") == "half\nmore"


def test_an_agent_that_finds_nothing_left_to_do_is_done_if_it_says_so(stage: Stage) -> None:
    kill_in_a_turn(stage)
    result = next_run(stage, "true")
    assert result["outcome"] == "done" and result["head_sha"] == stage.forge.head(BRANCH), result


@pytest.mark.parametrize("report", [True, False])
def test_a_program_that_finds_nothing_left_to_do_must_report_so(stage: Stage, report: bool) -> None:
    """It may have ended well without having reached its model."""
    kill_in_a_turn(stage)
    told = 'CALORON_FEEDBACK_START {"task_clarity": 8} CALORON_FEEDBACK_END' if report else "done"
    stage.answers({"match": "", "files": {"x.md": "half\n"}, "output": told})
    result = stage.run(attempt=2, time_limit_s=600)
    assert result["outcome"] == ("done" if report else "no_change"), result


def test_work_that_may_not_leave_is_lost_and_the_next_run_begins_anew(stage: Stage) -> None:
    kill_in_a_turn(stage, "echo bad > ci.yml; : > {begun}; exec sleep 600", protected=["ci.yml"])
    result = next_run(stage, "cat ci.yml > x.md", protected=["ci.yml"])
    assert (result["outcome"], result["changed"]) == ("done", ["x.md"]), result
    assert stage.forge.text("x.md") == "on: push" and stage.witness.partial == []


def test_work_on_a_branch_that_has_moved_since_is_not_forced_upon_it(stage: Stage) -> None:
    kill_in_a_turn(stage)
    stage.forge.commit({"theirs.md": "theirs\n"}, BRANCH, start="origin/main")
    result = next_run(stage, "echo new > x.md")
    assert result["outcome"] == "done" and stage.forge.text("x.md") == "new"
    assert "deep/y.md" not in stage.forge.files() and "theirs.md" in stage.forge.files()


def test_a_secret_that_was_left_is_never_pushed(stage: Stage) -> None:
    stage.environment["ANTHROPIC_API_KEY"] = "its-own-key-0123456789"
    kill_in_a_turn(stage, "echo its-own-key-0123456789 > x.md; : > {begun}; exec sleep 600")
    result = next_run(stage, "echo fine > x.md")
    assert result["outcome"] == "secret" and stage.forge.branches() == ["main"]
    again = stage.play("echo fine > x.md", attempt=3, time_limit_s=600)
    assert again["outcome"] == "done", again


def test_nor_is_a_login_that_the_killed_run_had(stage: Stage) -> None:
    login = stage.folder / "person" / ".codex" / "auth.json"
    login.parent.mkdir(parents=True)
    login.write_text('{"OPENAI_API_KEY": "sk-their-own-key-0123456789"}')
    kill_in_a_turn(stage, "cat ~/.codex/auth.json > x.md; : > {begun}; exec sleep 600", "codex-acp")
    stage.script("echo fine > x.md", "codex-acp")
    result = stage.run(framework="codex-cli", attempt=2, time_limit_s=600)
    assert result["outcome"] == "secret" and stage.forge.branches() == ["main"], result


def test_what_a_killed_run_left_waits_an_hour_for_the_next_one(stage: Stage) -> None:
    kill_in_a_turn(stage)
    paths = Paths(stage.home, stage.environment)
    [left] = (stage.home / "attempts").glob("*/*/*/1")

    def is_removed() -> bool:
        return left in remove_dead_attempts(paths, 0.0)

    assert not is_removed()
    os.utime(left / "start.json", (0, 0))
    until(is_removed)
