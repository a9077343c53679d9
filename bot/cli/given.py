"""What the commands that run something have in common: JSON on stdin, JSON on stdout, errors in one line."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

TOO_DEEP = "the input is nested too deep"


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
    except RecursionError:
        raise click.ClickException(TOO_DEEP) from None
    return {"now": datetime.now(UTC).isoformat()} | value if isinstance(value, dict) else value


def reason(error: BaseException | None) -> str | None:
    """In words what a stage looked for in vain, or that it could not get to the bottom of its input."""
    match error:
        case KeyError():
            return f"the input has no `{error.args[0]}`"
        case RecursionError():
            return TOO_DEEP
        case _:
            return None


def one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
