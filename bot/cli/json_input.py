"""What the commands that run a stage or a composition share: JSON on stdin, errors in one line."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

TOO_DEEP = "the input is nested too deeply"


def read_input() -> Any:
    """The JSON on stdin; an object without `now` gets the current time."""
    value = read_json()
    return {"now": datetime.now(UTC).isoformat()} | value if isinstance(value, dict) else value


def read_json() -> Any:
    """The JSON on stdin, as it is."""
    if sys.stdin.isatty():
        click.echo("Reading JSON from the keyboard; end it with Ctrl-D.", err=True)
    text = sys.stdin.read()
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise click.ClickException(f"the input is not JSON: {error.msg} ({where})") from None
    except RecursionError:
        raise click.ClickException(TOO_DEEP) from None


def reason(error: BaseException | None) -> str | None:
    """What a stage missed in its input, if the error says so."""
    match error:
        case KeyError():
            return f"the input has no `{error.args[0]}`"
        case RecursionError():
            return TOO_DEEP
        case _:
            return None


def one_line(error: Exception) -> str:
    """The error's message without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
