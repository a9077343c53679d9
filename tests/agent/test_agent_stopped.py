"""A run that is stopped in the middle of a turn: its work is pushed, left for the next run, or dropped."""

import threading
from typing import Any

import pytest

from tests.waiting import until

from .disk_forge import SPEC, Stage, Witness

BRANCH = SPEC["branch"]
WORKS = "echo half > x.md; : > {begun}; exec sleep 600"


def stop_in_a_turn(stage: Stage, script: str = WORKS, **changed: Any) -> Any:
    """Attempt 1 begins, and is told to stop once its agent has done something."""
    begun = stage.folder / "begun"
    stage.sandbox = "off"
    stage.witness = Witness(lambda: not begun.exists())
    result = stage.play(script.format(begun=begun), time_limit_s=600, **changed)
    assert result["outcome"] == "stopped", result
    stage.witness = Witness()
    return result


def next_run(stage: Stage, script: str, **changed: Any) -> Any:
    return stage.play(script, attempt=2, time_limit_s=600, **changed)


def left_folders(stage: Stage) -> list[str]:
    return [folder.name for folder in (stage.home / "attempts").glob("*/*/*/*")]


def test_work_that_is_to_be_kept_is_pushed_although_the_run_may_not_go_on(stage: Stage) -> None:
    stage.work_left = "push"
    result = stop_in_a_turn(stage)
    assert stage.forge.text("x.md") == "half" and result["head_sha"] == stage.forge.head(BRANCH)
    assert "the next run continues from there" in result["reason"] and not left_folders(stage)
    assert stage.forge.subject(BRANCH) == "Work in progress: Say hello"


def test_work_of_a_run_that_was_replaced_is_where_the_next_one_goes_on(stage: Stage) -> None:
    stage.work_left = "leave"
    stop_in_a_turn(stage)
    assert stage.forge.branches() == ["main"] and left_folders(stage) == ["1"]
    asked = stage.folder / "asked"
    result = next_run(stage, f"cat > {asked}; cat x.md > both.md")
    assert result["outcome"] == "done" and stage.forge.text("both.md") == "half", result
    assert "An earlier run was ended before it was done." in asked.read_text() and not left_folders(stage)


def test_work_that_nobody_needs_any_more_is_dropped(stage: Stage) -> None:
    stop_in_a_turn(stage)
    assert stage.forge.branches() == ["main"] and not left_folders(stage)
    result = next_run(stage, "test ! -e x.md && echo new > y.md")
    assert result["outcome"] == "done", result


@pytest.mark.parametrize("kept", ["push", "leave"])
def test_the_next_run_waits_until_the_one_before_has_ended(stage: Stage, kept: Any) -> None:
    """Where two agents may work at a time, one ends while the other begins, and finds its work either way."""
    begun, stopped = stage.folder / "begun", threading.Event()
    stage.sandbox, stage.work_left = "off", kept
    stage.witness = Witness(lambda: not stopped.is_set())
    ending: list[Any] = []
    stage.script(WORKS.format(begun=begun))
    first = threading.Thread(
        target=lambda: ending.append(stage.run(framework="claude-code", time_limit_s=60))
    )
    first.start()
    until(begun.exists)

    def waits() -> bool:
        stopped.set()
        return True

    stage.witness = Witness(waits)
    result = next_run(stage, "cat x.md > both.md")
    first.join()
    assert ending[0]["outcome"] == "stopped" and result["outcome"] == "done", (ending, result)
    assert stage.forge.text("both.md") == "half"


@pytest.mark.parametrize("kept", ["push", "leave"])
def test_what_may_not_leave_is_not_kept(stage: Stage, kept: Any) -> None:
    stage.forge.commit({"ci.yml": "on: push\n"}, "main")
    stage.work_left = kept
    stop_in_a_turn(stage, "echo bad > ci.yml; : > {begun}; exec sleep 600", protected=["ci.yml"])
    result = next_run(stage, "cat ci.yml > x.md", protected=["ci.yml"])
    assert result["outcome"] == "done" and stage.forge.text("x.md") == "on: push", result
