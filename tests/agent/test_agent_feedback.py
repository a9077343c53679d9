"""What an agent says of its work, however it is wrapped."""

from typing import Any

import pytest

from shell.agent.feedback import format_feedback, read_feedback


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("CALORON_FEEDBACK_START {\"notes\": \"1\"} CALORON_FEEDBACK_END", {"notes": "1"}),
        ("x\nCALORON_FEEDBACK_START\n```json\n{\n\"notes\": \"1\"\n}\n```\nCALORON_FEEDBACK_END\ny",
         {"notes": "1"}),
        (format_feedback({"notes": "1"}) + format_feedback({"notes": "2"}), {"notes": "2"}),
        (format_feedback({"notes": "1"}) + "CALORON_FEEDBACK_START broken CALORON_FEEDBACK_END",
         {"notes": "1"}),
        ("CALORON_FEEDBACK_START [1] CALORON_FEEDBACK_END", None),
        ("CALORON_FEEDBACK_START {\"a\": 1}", None),
        ('CALORON_FEEDBACK_START {"notes": "a\\ud800b", "task_id": "\\ud83d\\ude00"} CALORON_FEEDBACK_END',
         {"notes": "a\ufffdb", "task_id": "\U0001f600"}),
        (f"CALORON_FEEDBACK_START {'[' * 9000}{']' * 9000} CALORON_FEEDBACK_END", None),
        ("", None),
    ],
)  # fmt: skip
def test_feedback_is_read_or_missing(output: str, expected: dict[str, Any] | None) -> None:
    assert read_feedback(output) == expected
