"""What the demo draws and tells."""

from typing import Any

from bot.cli.drawing import board, depths
from bot.cli.plain import plain
from bot.harness.progress import ProgressLog

TASKS: dict[str, dict[str, Any]] = {
    "d": {"status": "Pending", "title": "Last", "depends_on": ["b", "c"]},
    "a": {"status": "Done", "title": "First", "depends_on": [], "issue_number": 2, "pr_number": 6},
    "b": {"status": "InProgress", "title": "Left", "depends_on": ["a"]},
    "c": {"status": "Ready", "title": "Right", "depends_on": ["a"]},
}


def test_the_board_goes_from_left_to_right() -> None:
    lines = board(TASKS)
    assert [line.split()[:2] for line in lines] == [["✔", "a"], ["▶", "b"], ["○", "c"], ["·", "d"]]
    assert "#2 → pull request #6" in lines[0]
    assert depths(TASKS) == {"a": 0, "b": 1, "c": 1, "d": 2}


def test_a_circle_is_drawn_too() -> None:
    circle = {
        "a": {"status": "Blocked", "depends_on": ["b"]},
        "b": {"status": "Blocked", "depends_on": ["a"]},
    }
    assert len(board(circle)) == 2


def test_events_become_lines_once_with_the_time_an_agent_took() -> None:
    lines: list[str] = []
    progress = ProgressLog(lines.append)
    run = {"task_id": "a", "agent_id": "dev-1", "attempt": 1, "sprint_id": "s"}
    started = {"type": "agent_started", "key": "k1", "at": "2026-01-01T00:00:00.000Z", "pid": 1, **run}
    finished = {"type": "agent_finished", "key": "k2", "at": "2026-01-01T00:00:02.500Z", **run}
    finished |= {"outcome": "done", "changed": ["x.py"], "pr_number": 6}
    merged: list[dict[str, Any]] = [{"type": "pr_merged", "key": key, "pr_number": 6} for key in ("k4", "k5")]
    other: dict[str, Any] = {"type": "changed", "key": "k3"}
    events: list[dict[str, Any]] = [started, started, finished, other, *merged]
    for event in events:
        progress.show(event)
    first = "agent dev-1 starts on a, attempt 1"
    assert lines == [first, "agent dev-1 wrote x.py in pull request #6 (2.5 s)", "merges #6"]


def test_markdown_becomes_plain_text() -> None:
    table = "| KPI | Value |\n|---|--:|\n| Long name | 1 |"
    text = f"# Retro\n\n**2 of 2** done\n<details><summary>All</summary>\n\n{table}\n\n</details>\n"
    assert plain(text) == "Retro\n-----\n\n2 of 2 done\nAll\n\n  KPI        Value\n  Long name  1"
