"""Numbers and words from outside are bounded where they come in."""

import math
from typing import Any

import pytest

from jobs.attempt import ended
from shell import secrets
from shell.agent.feedback import read_feedback
from shell.config_file import read_config
from shell.feedback_block import read_feedback as read_block
from shell.forge.event_bounds import TEXT, bounded_event
from shell.run_bounds import bounded_result
from shell.sanitize import LARGEST, read_json

COMMENT = {
    "type": "issue_comment", "forge": "gitea", "key": "k", "repo_id": 7, "repo": "acme/shop", "actor": "ann",
    "actor_id": 2, "issue_number": 4, "comment_id": 9, "body": "hello", "previous": None, "is_pull": False,
}  # fmt: skip


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", "NaN", "[Infinity]", "9" * 30, "9" * 5000, "[" * 100_000]
)
def test_json_out_of_bounds_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|no number|deep"):
        read_json(f'{{"a": {text}') if text.startswith("[[") else read_json(text)


def test_json_within_bounds_is_read() -> None:
    assert read_json(f'[{LARGEST}, -1.5e10, true, null, "\\ud800"]') == [
        LARGEST,
        -1.5e10,
        True,
        None,
        "\ufffd",
    ]
    assert read_json("[" * 60 + "]" * 60)
    with pytest.raises(ValueError, match="64 levels"):
        read_json("[" * 70 + "]" * 70)


@pytest.mark.parametrize("wild", ["1e999", "9" * 400, "NaN", "-5", '"many"', "[" * 500 + "]" * 500])
def test_a_report_keeps_what_is_sound_and_loses_what_is_not(wild: str) -> None:
    said = f'{{"tokens_consumed": {wild}, "task_clarity": 8, "notes": "Clear.", "unknown": 1}}'
    report = read_feedback(f"CALORON_FEEDBACK_START {said} CALORON_FEEDBACK_END")
    assert report == {"task_clarity": 8, "notes": "Clear."}


def test_long_texts_and_lists_of_a_report_are_cut() -> None:
    block = "caloron_feedback:\n  notes: " + "n" * 15_000 + "\n  blockers: [" + ", ".join(["b"] * 500) + "]\n"
    [report] = read_block(block)
    assert report and len(report["notes"]) == 4000 and len(report["blockers"]) == 50


@pytest.mark.parametrize("wild", [".inf", ".nan", "9" * 5000, "2001-99-99", "&a [*a]", "[" * 3000])
def test_a_block_of_yaml_with_wild_values_raises_nothing(wild: str) -> None:
    [report] = read_block(f"caloron_feedback:\n  tokens_consumed: {wild}\n  notes: x\n")
    assert report in (None, {"notes": "x"})


def result(**fields: Any) -> Any:
    """What comes of a run that reports this of itself."""
    return bounded_result(given({"outcome": "done"} | fields))


def test_lists_and_texts_of_a_run_are_cut() -> None:
    end = result(changed=["d/" * 9000, *map(str, range(900))], reason="r" * 9000 + "\ud800")
    assert len(end["changed"]) == 500 and len(end["changed"][0]) == 1000 and end["changed"][1] == "0"
    assert len(end["reason"]) == 4000 and end["reason"].endswith("…")
    assert result(changed=["a.py"], reason="\ud800 why") == {
        "outcome": "done",
        "changed": ["a.py"],
        "reason": "\ufffd why",
    }


def test_a_cut_of_a_run_s_words_leaves_no_half_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "MASKER", masker := secrets.Masker())
    masker.know("a-secret-of-the-run")
    end = result(changed=["d" * 990 + "a-secret-of-the-run"], reason="r" * 3990 + "a-secret-of-the-run")
    assert end["changed"] == ["d" * 990 + secrets.MASK] and end["reason"] == "r" * 3990 + secrets.MASK


@pytest.mark.parametrize("wild", [True, -1, -0.5, math.nan, math.inf, 10**13, "many", None, [1]])
def test_a_figure_that_no_run_can_have_is_left_out(wild: Any) -> None:
    end = result(cost={"tokens": wild, "usd": wild, "seconds": 3.5}, retry_after_s=wild)
    assert end == {"outcome": "done", "cost": {"seconds": 3.5}}
    assert result(retry_after_s=20.0)["retry_after_s"] == 20.0


def test_the_end_of_a_run_is_within_bounds_whatever_its_runner_says() -> None:
    spec: Any = {"sprint_id": "s", "task_id": "t1", "agent_id": "a", "attempt": 1, "key": "k"}
    end = ended(spec, given({"outcome": "done", "changed": ["x"] * 900, "cost": {"tokens": -9}}))
    assert len(end["changed"]) == 500 and end["cost"] == {}


def given(value: Any) -> Any:
    """What is not yet known to be of the form that it must have."""
    return value


@pytest.mark.parametrize(
    "wrong",
    [{"repo_id": 0}, {"repo_id": 2**53 + 1}, {"actor_id": 2**53 + 1}, {"author_id": -(2**53) - 1},
     {"repo_id": "7"}, {"repo_id": True}, {"repo_id": None},
     {"issue_number": -1}, {"actor": "a" * 2000}, {"actor": 5}, {"comment_id": 1.0}, {"more": 1},
     {"repo": None}, {"actor": None}, {"body": None}],
)  # fmt: skip
def test_a_delivery_with_a_wrong_field_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        bounded_event(given(COMMENT | wrong))


def test_a_delivery_stays_as_it_is_but_for_an_endless_text() -> None:
    assert bounded_event(given(COMMENT)) == COMMENT
    cut: Any = bounded_event(given(COMMENT | {"body": "x" * (TEXT + 9)}))
    assert len(cut["body"]) == TEXT


@pytest.mark.parametrize("wild", [".inf", ".nan", "1e999", "9" * 400, "-1", "1e300 h"])
def test_a_duration_is_finite(wild: str) -> None:
    found = read_config(f"supervisor:\n  stall: {wild}\n")
    assert found["problems"] and all(math.isfinite(given(value)) for value in found["values"].values())
