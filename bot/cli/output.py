"""`--output text|json|table`: one way for all commands to say what they found."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

Rows = Sequence[Mapping[str, Any]]
F = TypeVar("F", bound=Callable[..., Any])


def output_option(command: F) -> F:
    """Add the option; the command gets it as `output`."""
    forms = click.Choice(["text", "json", "table"])
    option = click.option("--output", type=forms, default="text", show_default=True, help="How to print it.")
    return option(command)


def say(output: str, data: Any, rows: Rows, text: Callable[[], str]) -> None:
    """Print `data` as JSON, or `rows` as a table, or the text made for people."""
    if output == "json":
        click.echo(as_json(data, indent=2))
    elif output == "table":
        click.echo(table(rows))
    else:
        click.echo(text())


def as_json(value: Any, indent: int | None = None) -> str:
    """The value as JSON; half a sign, which no terminal takes, stays escaped."""
    return json.dumps(value, indent=indent, ensure_ascii=False).encode(errors="backslashreplace").decode()


def table(rows: Rows) -> str:
    """Rows of one shape under their column names, aligned."""
    if not rows:
        return "(nothing)"
    columns = list(rows[0])
    cells = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(wide) for cell, wide in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
