"""What the commands that run something have in common: JSON on stdin, JSON on stdout, errors in one line."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

from .output import as_json


def given() -> Any:
    """The JSON on stdin; `now` is put beside it where an object lacks it."""
    if sys.stdin.isatty():
        click.echo("Reading JSON from the keyboard; end it with Ctrl-D.", err=True)
    text = sys.stdin.read()
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise click.ClickException(f"the input is no JSON: {error.msg} ({where})") from None
    return {"now": datetime.now(UTC).isoformat()} | value if isinstance(value, dict) else value


def one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def print_json(value: Any) -> None:
    click.echo(as_json(value))
