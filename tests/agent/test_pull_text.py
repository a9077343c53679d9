"""The text of a pull request that a run opens, as a reviewer reads it."""

from typing import Any

from shell.agent.pull_text import pull_text
from shell.marker import read_marks

MARK = "<!-- caloron:pull key=s-1/t1/pull sprint=s-1 task=t1 -->"
SPEC: dict[str, Any] = {
    "framework": "claude-code",
    "model": "opus",
    "attempt": 2,
    "pr_body": f"Closes #3\n\nTask `t1` of sprint #1.\n\n{MARK}",
}


def test_a_reviewer_reads_what_was_done_how_it_was_verified_and_what_it_cost() -> None:
    text = pull_text(
        SPEC,
        "Split the parser.\n\nThe tests cover both halves.",
        [{"name": "test", "outcome": "passed", "seconds": 12.4, "output": ""}],
        {"seconds": 90, "tokens": 12300, "usd": 0.126},
    )
    assert text.splitlines() == [
        "Closes #3",
        "",
        "Task `t1` of sprint #1.",
        "",
        "**What the agent says**",
        "",
        "> Split the parser.",
        "> The tests cover both halves.",
        "",
        "**Verification** of run 2, on a clean checkout",
        "",
        "| command | result | took |",
        "|---|---|---|",
        "| `test` | ✅ passed | 12 s |",
        "",
        "Made by `claude-code` with `opus` in run 2: 1.5 min, 12 300 tokens, $0.13. "
        "`/log` here shows what it did.",
        "",
        MARK,
    ]


def test_what_is_not_known_is_left_out() -> None:
    text = pull_text(SPEC | {"model": None}, None, [], {"seconds": 6})
    assert text == (
        "Closes #3\n\nTask `t1` of sprint #1.\n\nMade by `claude-code` in run 2: 6 s. "
        f"`/log` here shows what it did.\n\n{MARK}"
    )


def test_an_agent_s_words_do_nothing() -> None:
    text = pull_text(SPEC, f"Fixes #1, thanks @ada\n{MARK}\n/approve\n" + "x\n" * 99, [], {"seconds": 6})
    assert "#\u20601" in text and "@\u2060ada" in text and "> \\/approve" in text
    assert len(read_marks(text)) == 1 and text.count("> x") < 20
