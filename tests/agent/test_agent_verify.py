"""The repository's own commands decide whether work is good; the agent is sent back until it is."""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shell.agent.commands import Commands
from shell.agent.egress.outside import EgressError
from shell.agent.limits import Limits
from shell.agent.outcome import AttemptEnded
from shell.agent.paths import Paths
from shell.agent.quota import own_disk
from shell.agent.repository import Repository
from shell.agent.repository_setup import RepositorySetup
from shell.agent.verify import Verifier, signature
from shell.disk import Reserve
from shell.errors import Refused
from stages.world import Verification

from .disk_forge import SPEC, Stage, Witness
from .test_agent_quota import FILL, MIB, apart, needs_disks, needs_walls

BRANCH = SPEC["branch"]


def step(run: str, name: str = "test", timeout_s: float = 20) -> dict[str, Any]:
    return {"name": name, "run": run, "timeout_s": timeout_s}


def play(stage: Stage, script: str, verify: list[dict[str, Any]], rounds: int = 3, **changed: Any) -> Any:
    return stage.play(script, verify=verify, verify_rounds=rounds, time_limit_s=600, **changed)


def drafts(stage: Stage) -> list[bool]:
    """Of each pull request whether it is a draft."""
    return [one["draft"] for one in stage.forge.pulls]


def outcomes(result: Any) -> list[tuple[str, str]]:
    return [(one["name"], one["outcome"]) for one in result["verification"]]


def test_work_that_passes_is_proposed_with_a_status_of_each_command(stage: Stage) -> None:
    steps = [step("grep -q hello x.md", "words"), step("test ! -e y.md", "rest")]
    result = play(stage, "echo hello > x.md", verify=steps, rounds=3)
    assert (result["outcome"], outcomes(result)) == ("done", [("words", "passed"), ("rest", "passed")]), (
        result
    )
    assert stage.forge.statuses == {
        result["head_sha"]: {"caloron/words": "success", "caloron/rest": "success"}
    }
    assert len(stage.forge.pulls) == 1
    assert "0 connections" not in next(stage.home.rglob("t1-1.log")).read_text()


def test_an_agent_is_sent_back_with_what_the_command_wrote(stage: Stage) -> None:
    asked = stage.folder / "asked"
    script = f"if [ -e x.md ]; then echo hello > x.md; else echo helo > x.md; fi; echo . >> {asked}"
    check = 'grep -q hello x.md || { echo "expected hello, found $(cat x.md)"; exit 1; }'
    stage.sandbox = "off"
    result = play(stage, script, verify=[step(check)], rounds=3)
    assert (result["outcome"], outcomes(result)) == ("done", [("test", "passed")]), result
    assert asked.read_text() == ".\n.\n" and stage.forge.text("x.md") == "hello"
    log = next(Path(stage.home).rglob("t1-1.log")).read_text()
    assert "expected hello, found helo" in log and f"$ {check}" in log


def test_what_a_command_wrote_beside_the_work_is_not_taken_for_work(stage: Stage) -> None:
    script = "if [ -e x.md ]; then echo b > x.md; else echo a > x.md; fi"
    check = "echo made > report.txt; echo changed >> kept.md; rm -rf src; grep -q b x.md"
    stage.forge.commit({"kept.md": "kept\n", "src/a.py": "a"}, "main")
    result = play(stage, script, verify=[step(check)], rounds=1)
    assert (result["outcome"], result["changed"]) == ("done", ["x.md"]), result
    assert stage.forge.text("kept.md") == "kept" and "src/a.py" in stage.forge.files()


def test_what_passes_only_in_the_agents_folder_does_not_pass(stage: Stage) -> None:
    stage.forge.commit({".gitignore": "local.txt\n"}, "main")
    script = "if [ -e x.md ]; then touch tracked.txt; fi; echo x > x.md; touch local.txt"
    result = play(stage, script, verify=[step("test -e local.txt || test -e tracked.txt")], rounds=1)
    assert result["outcome"] == "done" and "tracked.txt" in result["changed"], result


def test_the_home_of_the_agent_is_not_there_on_the_clean_checkout(stage: Stage) -> None:
    script = "echo x > x.md; touch ~/trick"
    result = play(stage, script, verify=[step("test -e ~/trick")], rounds=0)
    assert (result["outcome"], drafts(stage)) == ("unverified", [True]), result


def test_the_first_command_that_fails_ends_them(stage: Stage) -> None:
    steps = [step("true", "one"), step("echo broken; false", "two"), step("true", "three")]
    result = play(stage, "echo x > x.md", verify=steps, rounds=0)
    assert outcomes(result) == [("one", "passed"), ("two", "failed")]
    assert result["verification"][1]["output"] == "broken"


def test_the_same_failure_again_and_again_is_handed_to_a_person(stage: Stage) -> None:
    asked = stage.folder / "asked"
    stage.sandbox = "off"
    result = play(stage, f"echo . >> {asked}; echo $RANDOM > x.md", verify=[step("echo no; false")], rounds=2)
    assert result["outcome"] == "unverified" and asked.read_text() == ".\n" * 3
    assert result["reason"] == (
        "The work does not pass the verification `test`: it failed (3 times): no. "
        f"What it had done is on {BRANCH}, and the next run continues from there. "
        "It is shown as the draft #7."
    )
    assert stage.witness.partial == [result["head_sha"]]
    [draft] = stage.forge.pulls
    assert draft["draft"] and "❌ failed" in draft["body"] and result["pr_number"] == draft["number"]
    assert stage.forge.statuses[result["head_sha"]] == {"caloron/test": "failure"}


def test_a_command_that_the_machine_lacks_is_said_and_not_the_agents_fault(stage: Stage) -> None:
    result = play(stage, "echo x > x.md", verify=[step("no-such-program --now")], rounds=3)
    assert (result["outcome"], outcomes(result)) == ("done", [("test", "missing")])
    assert stage.forge.statuses[result["head_sha"]] == {"caloron/test": "error"}


@pytest.mark.parametrize(
    "run",
    [
        "exit 127",
        "sh run.sh",
        "./gradlew test",
        "no-such-program | cat; exit 127",
        "exec no-such-program",
        "LANG=C sh run.sh",
    ],
)
def test_what_the_work_lacks_itself_is_its_fault(stage: Stage, run: str) -> None:
    result = play(stage, "echo no-such-tool > run.sh", verify=[step(run)], rounds=0)
    assert (result["outcome"], outcomes(result)) == ("unverified", [("test", "failed")]), result


@needs_walls
def test_a_program_that_the_walls_do_not_show_is_one_that_the_machine_lacks(stage: Stage) -> None:
    private = Path(stage.environment["HOME"]) / ".local"
    private.mkdir(parents=True)
    (private / "own-tool").write_text("#!/bin/sh\n")
    (private / "own-tool").chmod(0o755)
    paths = Paths(stage.home, {**stage.environment, "PATH": f"{private}:{os.environ['PATH']}"})
    [found] = verified(stage, paths, step("own-tool --now"))
    assert found["outcome"] == "missing"
    [found] = verified(stage, replace(paths, sandbox="off"), step("own-tool --now"))
    assert found["outcome"] == "passed"


def test_an_agent_is_not_sent_back_where_its_budget_is_used_up(stage: Stage) -> None:
    stage.sandbox = "off"
    report = 'CALORON_FEEDBACK_START {"tokens_consumed": 1000, "task_clarity": 5} CALORON_FEEDBACK_END'
    script = f"date >> {stage.folder}/turns; echo x > x.md; echo '{report}'"
    for tokens, turns in ((900, 1), (1100, 4)):
        left = [{"amount": tokens, "unit": "tokens"}, {"amount": 10**9, "unit": "usd"}]
        about = {"task_id": f"t{tokens}", "branch": f"agent/s-1/t{tokens}", "left": left}
        verify = [step("false", "never")]
        result = stage.play(script, verify=verify, verify_rounds=3, time_limit_s=600, **about)
        assert result["outcome"] == "unverified", result
        assert len((stage.folder / "turns").read_text().splitlines()) == turns
        (stage.folder / "turns").unlink()


def test_the_commands_behind_one_that_the_machine_lacks_are_run(stage: Stage) -> None:
    steps = [
        step("no-such-program", "one"),
        step("true", "two"),
        step("false", "three"),
        step("true", "four"),
    ]
    result = play(stage, "echo x > x.md", verify=steps, rounds=0)
    assert outcomes(result) == [("one", "missing"), ("two", "passed"), ("three", "failed")]


def verified(stage: Stage, paths: Paths, *steps: dict[str, Any]) -> list[Verification]:
    """What these commands find in an empty folder."""
    attempt = paths.attempt(SPEC)
    with attempt.held(), own_disk(attempt, paths) as disk:
        attempt.make()
        commands = Commands(SPEC | {"verify": [*steps]}, paths, attempt, stage.witness, disk)
        repository = Repository(stage.folder / "none.git", str(stage.forge.bare))
        setup = RepositorySetup(commands, repository, lambda: True)
        return Verifier(commands, setup, "", 600).in_workspace()


def test_a_silent_command_is_alive(stage: Stage) -> None:
    [found] = verified(stage, Paths(stage.home, stage.environment, "off"), step("exec sleep 6"))
    first, last = (datetime.fromisoformat(stage.witness.signs[at]) for at in (0, -1))
    assert found["outcome"] == "passed" and (last - first).total_seconds() > 4


def test_a_command_ends_with_the_run_where_the_machine_runs_out_of_disk(stage: Stage) -> None:
    paths = Paths(stage.home, stage.environment, "off", reserve=Reserve((stage.folder,), 2**60))
    with pytest.raises(AttemptEnded, match="the bot's machine was running out of disk space") as ended:
        verified(stage, paths, step("exec sleep 600", timeout_s=500))
    assert ended.value.outcome == "limit"


@needs_disks
@needs_walls
def test_a_command_writes_on_the_disk_of_its_run(stage: Stage) -> None:
    limits = replace(Limits(), disk_bytes=100 * MIB)
    paths = Paths(stage.home, stage.environment, limits=limits, own_disks=True)
    [found] = apart(lambda: verified(stage, paths, step(f"{FILL}\nsleep 600", timeout_s=500)))
    assert found["outcome"] == "failed" and "The agent's files took more than 100 MiB." in found["output"]


def test_all_files_of_a_run_count_while_its_work_is_verified(stage: Stage) -> None:
    limits = replace(Limits(), disk_bytes=20 * MIB)
    paths = Paths(stage.home, stage.environment, "off", limits=limits)
    fill = "head -c 40000000 /dev/zero > ~/fill; exec sleep 600"
    [found] = verified(stage, paths, step(fill, timeout_s=500))
    assert found["outcome"] == "failed" and "The agent's files took more than 20 MiB." in found["output"]


def test_a_command_is_ended_at_its_time_limit(stage: Stage) -> None:
    result = play(stage, "echo x > x.md", verify=[step("exec sleep 600", timeout_s=1)], rounds=0)
    assert outcomes(result) == [("test", "timeout")] and result["outcome"] == "unverified"


def test_a_run_that_is_stopped_ends_while_its_work_is_verified(stage: Stage) -> None:
    begun = stage.folder / "begun"
    stage.sandbox, stage.witness = "off", Witness(lambda: not begun.exists())
    result = play(stage, "echo x > x.md", verify=[step(f"touch {begun}; exec sleep 600", timeout_s=500)])
    assert result["outcome"] == "stopped" and stage.forge.branches() == ["main"]


def test_a_secret_is_masked_in_what_a_command_wrote(stage: Stage) -> None:
    stage.environment["ANTHROPIC_API_KEY"] = "its-own-key-0123456789"
    steps = [step("echo its-own-key-0123456789; env | grep ANTHROPIC; false")]
    result = play(stage, "echo x > x.md", verify=steps, rounds=0)
    assert "its-own-key" not in str(result) and "ANTHROPIC" not in result["verification"][0]["output"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("FAILED in 3.1s at 0x7faabf", "FAILED in 4.2s at 0x80aabf", True),
        ("/tmp/a/1/x.py:12: boom", "/tmp/b/2/x.py:12: boom", True),
        ("expected 1", "missing name", False),
    ],
)
def test_a_failure_is_known_again(one: str, other: str, same: bool) -> None:
    def found(output: str) -> Verification:
        return {"name": "test", "outcome": "failed", "seconds": 1.0, "output": output}

    assert (signature(found(one)) == signature(found(other))) is same


def test_what_a_command_that_passes_wrote_is_not_taken_for_work_either(stage: Stage) -> None:
    check = "echo made > report.txt; mkdir -p shut/inner; touch shut/inner/x; chmod 0 shut/inner shut"
    begun = stage.folder / "begun"
    waiting = [["> @bob: Use tabs."]]
    stage.sandbox, stage.told = "off", lambda: waiting.pop() if waiting and begun.exists() else []
    result = play(stage, "echo . >> x.md", verify=[step(f"touch {begun}; {check}")], rounds=1)
    assert (result["outcome"], result["changed"]) == ("done", ["x.md"]), result
    assert stage.forge.text("x.md") == ".\n."


def test_failures_that_change_each_time_end_after_ten_rounds(stage: Stage) -> None:
    asked = stage.folder / "asked"
    stage.sandbox = "off"
    check = f"wc -l < {asked} | tr 0-9 a-j; false"
    result = play(stage, f"echo . >> {asked}; cp {asked} x.md", verify=[step(check)], rounds=2)
    assert result["outcome"] == "unverified" and len(asked.read_text().split()) == 11
    assert "it failed (11 times)" in result["reason"]


def test_verification_counts_on_the_time_limit_of_the_run(stage: Stage) -> None:
    result = stage.play("echo x > x.md", verify=[step("sleep 1.2; false")], verify_rounds=3, time_limit_s=31)
    assert result["outcome"] == "unverified" and "it failed (once)" in result["reason"], result


def test_an_agent_that_takes_its_work_back_has_changed_nothing(stage: Stage) -> None:
    result = play(stage, "if [ -e x.md ]; then rm x.md; else echo x > x.md; fi", verify=[step("false")])
    assert (result["outcome"], stage.forge.branches()) == ("no_change", ["main"]), result


def test_a_status_that_the_forge_does_not_take_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise Refused(403, "no permission")

    monkeypatch.setattr(stage.forge, "set_status", refuse)
    result = play(stage, "echo x > x.md", verify=[step("true")])
    assert result["outcome"] == "done" and len(stage.forge.pulls) == 1
    assert result["reason"].endswith(
        "The forge did not take the status of the verification: 403: no permission."
    )


def test_what_others_pushed_meanwhile_is_verified_with_the_work(stage: Stage) -> None:
    class Racing(Witness):
        def pushing(self, commit: str, partial: bool = False) -> None:
            if not self.pushed:
                stage.forge.commit({"broken.md": "x"}, BRANCH, start="origin/main")
            super().pushing(commit, partial)

    stage.forge.commit({"a.md": "a"}, "main")
    stage.witness = Racing()
    result = play(stage, "echo x > x.md", verify=[step("test ! -e broken.md")])
    assert result["outcome"] == "unverified" and drafts(stage) == [True], result
    assert f"It is pushed to {BRANCH}." in result["reason"]
    assert stage.forge.statuses == {stage.forge.head(BRANCH): {"caloron/test": "failure"}}


def test_what_an_earlier_run_pushed_is_proposed_only_if_it_passes(stage: Stage) -> None:
    stage.forge.commit({"a.md": "a"}, "main")
    stage.forge.commit({"x.md": "x"}, BRANCH, start="origin/main")
    result = play(stage, "true", verify=[step("grep -q good x.md")])
    assert (result["outcome"], drafts(stage)) == ("unverified", [True]), result
    again = play(stage, "true", verify=[step("grep -q x x.md")], pr_number=7, draft=True)
    assert (again["outcome"], drafts(stage)) == ("done", [False]), again


def test_a_pull_request_in_review_is_a_draft_while_its_verification_is_red(stage: Stage) -> None:
    passes, fails = [step("test ! -e y.md")], [step("test -e z.md")]
    assert play(stage, "echo x > x.md", verify=passes)["pr_number"] == 7 and drafts(stage) == [False]
    again = {"attempt": 2, "pr_number": 7}
    result = play(stage, "echo y > w.md", verify=fails, rounds=0, **again)
    assert (result["outcome"], drafts(stage)) == ("unverified", [True]), result
    mended = play(stage, "echo z > z.md", verify=fails, **again | {"attempt": 3, "draft": True})
    assert (mended["outcome"], drafts(stage)) == ("done", [False]), mended


def test_a_draft_that_a_person_made_stays_one(stage: Stage) -> None:
    assert play(stage, "echo x > x.md", verify=[])["pr_number"] == 7
    stage.forge.set_draft("o/r", 7, True)
    assert play(stage, "echo y > y.md", verify=[], attempt=2, pr_number=7)["outcome"] == "done"
    assert drafts(stage) == [True]


def test_where_the_forge_has_no_drafts_that_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Refused(422, "Draft pull requests are not supported in this repository.")

    monkeypatch.setattr(stage.forge, "create_pull", refuse)
    result = play(stage, "echo x > x.md", verify=[step("false")], rounds=0)
    assert result["outcome"] == "unverified" and result["pr_number"] is None
    assert "No draft pull request shows it: " in result["reason"] and "not supported" in result["reason"]


def test_work_that_cannot_be_verified_is_kept(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise EgressError("the network of the run could not be had")

    monkeypatch.setattr("shell.agent.commands.run_walled", fail)
    result = play(stage, "echo x > x.md", verify=[step("true")])
    assert result["outcome"] == "failed" and stage.witness.partial == [result["head_sha"]], result
    assert result["reason"].startswith("The work could not be verified: the network of the run could not be")


def test_folders_deeper_than_a_path_may_be_long_keep_no_command_from_running(stage: Stage) -> None:
    deep = "import os; [(os.mkdir('a' * 200), os.chdir('a' * 200)) for _ in range(30)]"
    result = play(stage, f'echo x > x.md; cd ~; python3 -c "{deep}"', verify=[step("test -e x.md")])
    assert result["outcome"] == "done" and outcomes(result) == [("test", "passed")], result["reason"]
