"""`caloron config`: every setting, its value, where it comes from, and what is wrong with it."""

import click
from rich.console import RenderableType

from shell.settings import Explained, Settings, SettingsError

from .output import output_option, say, table


@click.command()
@output_option
def config(output: str) -> None:
    """Show every setting, its value and where it comes from; secrets are masked."""
    rows, wrong = Settings.explain(), _errors()
    say(output, {"settings": rows, "wrong": wrong}, rows, lambda: _text(rows))
    if wrong:
        raise click.ClickException("\n".join(wrong))


def _text(rows: list[Explained]) -> RenderableType:
    return table([row | {"value": row["value"] or "–"} for row in rows])


def _errors() -> list[str]:
    try:
        Settings.load()
    except SettingsError as error:
        return error.lines
    return []
