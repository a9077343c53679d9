"""What an agent says of its work, however it is wrapped."""

from typing import Any

import pytest

from shell.agent.feedback import format_feedback, read_feedback


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("CALORON_FEEDBACK_START {\"a\": 1} CALORON_FEEDBACK_END", {"a": 1}),
        ("x\nCALORON_FEEDBACK_START\n```json\n{\n\"a\": 1\n}\n```\nCALORON_FEEDBACK_END\ny", {"a": 1}),
        (format_feedback({"a": 1}) + format_feedback({"a": 2}), {"a": 2}),
        (format_feedback({"a": 1}) + "CALORON_FEEDBACK_START broken CALORON_FEEDBACK_END", {"a": 1}),
        ("CALORON_FEEDBACK_START [1] CALORON_FEEDBACK_END", None),
        ("CALORON_FEEDBACK_START {\"a\": 1}", None),
        ('CALORON_FEEDBACK_START {"\\udc80": "a\\ud800b", "c": "\\ud83d\\ude00"} CALORON_FEEDBACK_END',
         {"\ufffd": "a\ufffdb", "c": "\U0001f600"}),
        (f"CALORON_FEEDBACK_START {'[' * 9000}{']' * 9000} CALORON_FEEDBACK_END", None),
        ("", None),
    ],
)  # fmt: skip
def test_feedback_is_read_or_missing(output: str, expected: dict[str, Any] | None) -> None:
    assert read_feedback(output) == expected
