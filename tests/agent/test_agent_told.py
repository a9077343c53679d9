"""What people tell an agent reaches its running turn where it can take it, else its next one."""

import pytest

from .disk_forge import Stage

WORDS = "> @bob: Use tabs."


@pytest.mark.parametrize(
    ("framework", "program"), [("gemini-cli", "gemini"), ("claude-code", "claude-agent-acp")]
)
def test_an_agent_that_takes_nothing_in_its_turn_gets_a_further_one(
    stage: Stage, framework: str, program: str
) -> None:
    waiting = [[WORDS]]
    stage.told = lambda: waiting.pop() if waiting else []
    stage.script('cat >> asked.txt; echo "--" >> asked.txt', program)
    result = stage.run(framework=framework, time_limit_s=600)
    assert result["outcome"] == "done", result
    first, second = stage.forge.text("asked.txt").split("--")[:2]
    assert WORDS not in first and "While you worked, people told you this" in second and WORDS in second


def test_an_agent_that_is_not_spoken_to_is_asked_once_more(stage: Stage) -> None:
    """A command line ends with its run; what was told meanwhile begins another one."""
    waiting = [[WORDS]]
    stage.told = lambda: waiting.pop() if waiting else []
    stage.answers(
        {"match": "people told you this", "files": {"x.md": "tabs"}},
        {"match": "", "files": {"x.md": "blanks"}},
    )
    result = stage.run(time_limit_s=600)
    assert (result["outcome"], stage.forge.text("x.md")) == ("done", "tabs")


def test_what_is_told_while_the_work_is_verified_is_heard_before_it_is_proposed(stage: Stage) -> None:
    begun = stage.folder / "begun"
    waiting = [[WORDS]]
    stage.told = lambda: waiting.pop() if waiting and begun.exists() else []
    stage.sandbox = "off"
    stage.script("cat >> asked.txt")
    verify = [{"name": "test", "run": f"touch {begun}", "timeout_s": 20}]
    result = stage.run(framework="claude-code", time_limit_s=600, verify=verify, verify_rounds=1)
    assert result["outcome"] == "done" and WORDS in stage.forge.text("asked.txt"), result


def test_the_report_of_an_earlier_turn_counts_where_a_later_one_has_none(stage: Stage) -> None:
    report = 'CALORON_FEEDBACK_START {"task_clarity": 8, "notes": "Done."} CALORON_FEEDBACK_END'
    stage.script(f"if [ -e x.md ]; then echo good > x.md; else echo bad > x.md; echo '{report}'; fi")
    verify = [{"name": "test", "run": "grep -q good x.md", "timeout_s": 20}]
    result = stage.run(framework="claude-code", time_limit_s=600, verify=verify, verify_rounds=1)
    assert result["outcome"] == "done" and result["feedback"]["notes"] == "Done."
    assert "> Done." in stage.forge.pulls[0]["body"]
