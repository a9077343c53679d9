"""What the commands draw, and the progress of the demo."""

import io
from typing import Any

from rich.console import Console

from bot.cli.drawing import board, depths
from bot.cli.output import MarkdownText, plain_text, table
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
    events: list[Any] = [started, started, finished, other, *merged]
    for event in events:
        progress.show(event)
    first = "agent dev-1 starts on a, attempt 1"
    assert lines == [first, "agent dev-1 wrote x.py in pull request #6 (2.5 s)", "merges #6"]


def test_markdown_is_left_as_it_is_in_a_pipe_and_formatted_on_a_terminal() -> None:
    text = "# Retro\n\n**2 of 2** done\n<details><summary>All</summary>\n\n- one\n\n</details>\n"
    assert plain_text(MarkdownText(text)) == "# Retro\n\n**2 of 2** done\nAll\n\n- one"
    terminal = Console(file=io.StringIO(), force_terminal=True, width=60)
    with terminal.capture() as capture:
        terminal.print(MarkdownText(text))
    assert "\x1b[" in capture.get() and "**" not in capture.get()


def test_what_others_wrote_does_not_control_the_terminal() -> None:
    rows = [{"title": "\x1b[31mred\x07 [bold]x[/bold] :smile: \ud800"}]
    assert plain_text(table(rows)) == "title\n\ufffd[31mred\ufffd [bold]x[/bold] :smile: \\ud800"
    title = {"a": {"status": "Ready", "title": "\x1b]0;owned\x07[/]"}}
    assert board(title) == ["○ a  Ready  \ufffd]0;owned\ufffd[/]"]


def test_a_table_in_a_narrow_terminal_wraps_and_loses_nothing() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=30, color_system=None)
    with terminal.capture() as capture:
        terminal.print(table([{"name": "a", "meaning": "word " * 12}]))
    assert capture.get().count("word") == 12 and max(map(len, capture.get().splitlines())) <= 30
