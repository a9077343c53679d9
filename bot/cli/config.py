"""`caloron config`: every setting, its value, where it comes from, and what is wrong with it."""

import click

from shell.settings import Explained, Settings, SettingsError

from .output import output_option, say


@click.command()
@output_option
def config(output: str) -> None:
    """Show every setting, its value and where it comes from; secrets are masked."""
    rows, wrong = Settings.explain(), _wrong()
    say(output, {"settings": rows, "wrong": wrong}, rows, lambda: "\n".join(_line(row) for row in rows))
    if wrong:
        raise click.ClickException("\n".join(wrong))


def _line(row: Explained) -> str:
    return f"{row['name']:<28} {row['value'] or '–':<34} {row['source']:<12} {row['meaning']}"


def _wrong() -> list[str]:
    try:
        Settings.load()
    except SettingsError as error:
        return error.lines
    return []
