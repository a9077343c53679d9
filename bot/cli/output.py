"""`--output text|json|table`: one way for all commands to print their result."""

import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import Markdown
from rich.padding import Padding
from rich.progress import track
from rich.table import Table
from rich.text import Text

Rows = Sequence[Mapping[str, Any]]
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
_UNLIMITED = 10_000
"""Columns of a pipe: there nothing is wrapped."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def output_option(command: F) -> F:
    """Add the option; the command gets it as `output`."""
    forms = click.Choice(["text", "json", "table"])
    option = click.option("--output", type=forms, default="text", show_default=True, help="Output format.")
    return option(command)


def say(output: str, data: Any, rows: Rows, text: Callable[[], RenderableType]) -> None:
    """Print `data` as JSON, or `rows` as a table, or the text for people."""
    match output:
        case "json":
            click.echo(as_json(data, indent=2))
        case "table":
            show(table(rows))
        case _:
            show(text())


def show(content: RenderableType) -> None:
    """Print with colours on a terminal, as plain text elsewhere."""
    if isinstance(content, str):
        content = Text(printable(content))
    if sys.stdout.isatty():
        Console(highlight=False).print(content)
    else:
        click.echo(plain_text(content))


def plain_text(content: RenderableType) -> str:
    """What `show` prints to a pipe: no colours, no wrapped lines, no spaces at their ends."""
    console = Console(file=io.StringIO(), width=_UNLIMITED, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(content)
    return "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n"))


def printable(text: str) -> str:
    """The text without what would control the terminal, and without half characters."""
    return _CONTROL.sub("\ufffd", text).encode(errors="backslashreplace").decode()


def as_json(value: Any, indent: int | None = None) -> str:
    """The value as JSON; half a character, which no terminal can print, stays escaped."""
    return json.dumps(value, indent=indent, ensure_ascii=False).encode(errors="backslashreplace").decode()


def table(rows: Rows) -> RenderableType:
    """Rows of one shape below their column names."""
    if not rows:
        return Text("(nothing)")
    columns = list(rows[0])
    made = grid(*(Text(column, style="bold") for column in columns))
    for row in rows:
        made.add_row(*(Text(_cell(row.get(column))) for column in columns))
    return made


def grid(*first_row: RenderableType) -> Table:
    """A table without lines, two spaces between its columns; it wraps where a terminal is too narrow."""
    made = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for _ in first_row:
        made.add_column(overflow="fold")
    made.add_row(*first_row)
    return made


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def stacked(*parts: RenderableType) -> RenderableType:
    """The parts below each other; a string is plain text."""
    return Group(*(Text(printable(part)) if isinstance(part, str) else part for part in parts))


def indented(part: RenderableType) -> RenderableType:
    """Two columns further to the right."""
    return Padding(part, (0, 0, 0, 2), expand=False)


class MarkdownText:
    """Markdown of ours: formatted on a terminal, as it is written elsewhere; without HTML tags."""

    def __init__(self, text: str) -> None:
        self.text = printable(re.sub(r"<[^>]+>", "", text).strip())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """One or the other."""
        yield Markdown(self.text) if options.is_terminal else Text(re.sub(r"\n{3,}", "\n\n", self.text))


def with_progress(items: Iterable[T], description: str, total: int) -> Iterable[T]:
    """The items, with a progress bar on a terminal while they are worked on."""
    console = Console(stderr=True)
    return track(items, description, total, console=console, transient=True, disable=not console.is_terminal)
