"""`agents.setup`: made once on the base, given to runs and to the verification as a copy."""

import os
import threading
from typing import Any

import pytest

from shell.agent.paths import SETUP_S, Paths, remove_dead_attempts

from .disk_forge import Stage, Witness

INSTALL = """
mkdir -p deps sub/deps; tee deps/it sub/deps/it < requirements.txt; echo tool > ~/tool; echo once >> {count}
"""


@pytest.fixture
def setup(stage: Stage) -> list[str]:
    """A repository that installs its dependencies by its lock file."""
    stage.sandbox = "off"
    files = {"requirements.txt": "one\n", ".gitignore": "deps/\n", "sub/a.md": "a\n"}
    stage.forge.commit({**files}, "main")
    return [INSTALL.format(count=stage.folder / "count")]


def made(stage: Stage) -> int:
    """How often the setup was made."""
    count = stage.folder / "count"
    return len(count.read_text().split()) if count.exists() else 0


def test_it_is_made_once_and_each_task_finds_a_copy(stage: Stage, setup: list[str]) -> None:
    spoils = "cat deps/it sub/deps/it ~/tool > found.md; echo spoilt > deps/it; echo spoilt > ~/tool"
    assert stage.play(spoils, setup=setup)["outcome"] == "done"
    assert stage.forge.text("found.md") == "one\none\ntool" and made(stage) == 1
    assert not [path for path in stage.forge.files() if "deps" in path]
    other = {"task_id": "t2", "branch": "agent/s-1/t2", "key": "spawn:t2:1"}
    assert stage.play("cat deps/it ~/tool > found.md", setup=setup, **other)["outcome"] == "done"
    assert stage.forge.text("found.md", "agent/s-1/t2") == "one\ntool" and made(stage) == 1


@pytest.mark.parametrize("what", ["another lock file", "another command", "another file"])
def test_it_is_made_again_for_other_files_and_commands_alone(
    stage: Stage, setup: list[str], what: str
) -> None:
    assert stage.play("echo x > x.md", setup=setup)["outcome"] == "done"
    name = "requirements.txt" if what == "another lock file" else "other.md"
    stage.forge.commit({name: "two\n"}, "main")
    if what == "another command":
        setup.append("true")
    other = {"task_id": "t2", "branch": "agent/s-1/t2", "key": "spawn:t2:1"}
    assert stage.play("cat deps/it > found.md", setup=setup, **other)["outcome"] == "done"
    assert made(stage) == (1 if what == "another file" else 2)


def test_the_next_run_of_a_task_keeps_what_its_agent_added(stage: Stage, setup: list[str]) -> None:
    assert stage.play("echo more > deps/more; echo x > x.md", setup=setup)["outcome"] == "done"
    result = stage.play("cat deps/it deps/more ~/tool > y.md", setup=setup, attempt=2)
    assert result["outcome"] == "done" and stage.forge.text("y.md") == "one\nmore\ntool", result


def test_what_was_kept_of_another_setup_is_not_used(stage: Stage, setup: list[str]) -> None:
    assert stage.play("echo more > deps/more; echo x > x.md", setup=setup)["outcome"] == "done"
    stage.forge.commit({"requirements.txt": "two\n"}, "main")
    result = stage.play("test ! -e deps/more; cat deps/it > y.md", setup=setup, attempt=2)
    assert result["outcome"] == "done" and stage.forge.text("y.md") == "two", result


def test_a_setup_that_fails_ends_the_run_with_what_it_wrote(stage: Stage) -> None:
    stage.sandbox = "off"
    result = stage.play("echo x > x.md", setup=["echo no such package >&2; exit 3"])
    assert result["outcome"] == "no_setup" and "no such package" in result["reason"], result
    assert "agents.setup" in result["reason"] and stage.witness.pids and stage.forge.branches() == ["main"]
    assert stage.play("echo x > x.md", setup=["true"], attempt=2)["outcome"] == "done"


def test_the_verification_has_a_copy_too(stage: Stage, setup: list[str]) -> None:
    verify = [{"name": "test", "run": "grep one deps/it && test -e ~/tool", "timeout_s": 20}]
    result = stage.play("echo x > x.md; echo spoilt >> deps/it", setup=setup, verify=verify, verify_rounds=1)
    assert result["outcome"] == "done" and made(stage) == 1, result


def test_work_that_changes_the_lock_file_is_verified_with_a_setup_of_its_own(
    stage: Stage, setup: list[str]
) -> None:
    verify = [{"name": "test", "run": "grep two deps/it", "timeout_s": 20}]
    script = "echo two > requirements.txt; echo two > deps/it"
    result = stage.play(script, setup=setup, verify=verify, verify_rounds=1)
    assert result["outcome"] == "done" and made(stage) == 2, result
    assert [one["name"] for one in result["verification"]] == ["setup", "test"]
    assert len([*Paths(stage.home).setups("gitea-1").glob("*/paths.json")]) == 1


def test_a_lock_file_that_cannot_be_installed_goes_back_to_the_agent(stage: Stage) -> None:
    stage.sandbox = "off"
    stage.forge.commit({"requirements.txt": "one\n"}, "main")
    setup, verify = ["grep one requirements.txt"], [{"name": "test", "run": "true", "timeout_s": 20}]
    told = stage.folder / "told"
    mends = f"if grep -q setup {told}; then echo one; else echo two; fi > requirements.txt"
    script = f"cat >> {told}; {mends}; date > x"
    result = stage.play(script, setup=setup, verify=verify, verify_rounds=1, time_limit_s=600)
    assert result["outcome"] == "done" and "grep one requirements.txt" in told.read_text(), result


def test_two_runs_at_once_make_it_once(stage: Stage, setup: list[str]) -> None:
    setup = [*setup, "sleep 1"]
    ended: dict[str, Any] = {}
    stage.script("cat deps/it > found.md")

    def run(task: str) -> None:
        about = {"task_id": task, "branch": f"agent/s-1/{task}", "key": f"spawn:{task}:1"}
        ended[task] = stage.run(framework="claude-code", setup=setup, **about)

    threads = [threading.Thread(target=run, args=(task,)) for task in ("t1", "t2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one["outcome"] for one in ended.values()} == {"done"}, ended
    assert made(stage) == 1


def test_a_stop_ends_it(stage: Stage) -> None:
    stage.sandbox, begun = "off", stage.folder / "begun"
    stage.witness = Witness(lambda: not begun.exists())
    result = stage.play("echo x > x.md", setup=[f": > {begun}; sleep 600"])
    assert result["outcome"] == "stopped", result


def test_no_link_of_the_branch_leads_a_copy_elsewhere(stage: Stage, setup: list[str]) -> None:
    outside = stage.folder / "outside"
    outside.mkdir()
    script = f"rm -r sub; ln -s {outside} sub; echo x > x.md"
    assert stage.play(script, setup=setup)["outcome"] == "done"
    stage.forge.commit({"requirements.txt": "two\n"}, "main")  # nothing kept is used
    assert stage.play("echo y > y.md", setup=setup, attempt=2)["outcome"] == "done"
    assert [*outside.iterdir()] == []


def test_one_that_was_made_long_ago_is_made_again(stage: Stage, setup: list[str]) -> None:
    assert stage.play("echo x > x.md", setup=setup)["outcome"] == "done"
    [place] = (one for one in (stage.home / "setups").glob("*/*") if one.is_dir())
    remove_dead_attempts(Paths(stage.home, stage.environment))
    assert place.is_dir()
    old = place.stat().st_mtime - SETUP_S - 1
    os.utime(place, (old, old))
    remove_dead_attempts(Paths(stage.home, stage.environment))
    assert not place.exists()


def test_a_file_of_many_names_is_copied_once(stage: Stage) -> None:
    """Each name as a file of its own would fill the machine's disk from a small one."""
    stage.sandbox = "off"
    stage.forge.commit({".gitignore": "*.big\n"}, "main")
    script = "head -c 1000000 /dev/urandom > 0.big; for n in 1 2 3 4 5 6 7 8 9; do ln 0.big $n.big; done"
    result = stage.play("cmp 0.big 9.big && echo x > x.md", setup=[script])
    assert result["outcome"] == "done", result
    [files] = (stage.home / "setups").glob("*/*/files")
    assert len({one.stat().st_ino for one in files.iterdir()}) == 1 and len([*files.iterdir()]) == 10


def test_what_is_ignored_file_by_file_is_refused_in_words(stage: Stage) -> None:
    stage.sandbox = "off"
    stage.forge.commit({".gitignore": "*.o\n"}, "main")
    result = stage.play("echo x > x.md", setup=["for n in $(seq 5001); do : > $n.o; done"])
    assert result["outcome"] == "no_setup" and "5001 files that git ignores one by one" in result["reason"]
    assert not [*(stage.home / "setups").glob("*/*/files")]


@pytest.mark.parametrize("what", ["a folder that it names", "a Makefile"])
def test_all_that_its_commands_reach_counts(stage: Stage, what: str) -> None:
    stage.sandbox, file = "off", "tools/lib/a.sh" if what.startswith("a folder") else "Makefile"
    stage.forge.commit({file: "one\n"}, "main")
    setup = [f"ls tools/lib || true; echo once >> {stage.folder / 'count'}"]
    assert stage.play("echo x > x.md", setup=setup)["outcome"] == "done"
    stage.forge.commit({file: "two\n"}, "main")
    other = {"task_id": "t2", "branch": "agent/s-1/t2", "key": "spawn:t2:1"}
    assert stage.play("echo x > x.md", setup=setup, **other)["outcome"] == "done"
    assert made(stage) == 2


def test_a_setup_of_the_works_own_counts_on_the_runs_time(stage: Stage, setup: list[str]) -> None:
    """Else an agent could hold its place for hours with what it makes a package do."""
    verify = [{"name": "test", "run": "true", "timeout_s": 20}]
    slow = [*setup, "if grep two requirements.txt; then sleep 300; fi"]
    script = "echo two > requirements.txt"
    result = stage.play(script, setup=slow, verify=verify, verify_rounds=1, time_limit_s=6)
    assert result["outcome"] == "unverified", result
    assert [(one["name"], one["outcome"]) for one in result["verification"]] == [("setup", "failed")]
