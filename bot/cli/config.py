"""`caloron config`: every setting of the bot or of a repository, its value, and where it comes from."""

from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from shell.repository_config import ExplainedKey, explained
from shell.settings import Explained, Settings, SettingsError

from .journals import home_option, open_archive
from .output import as_json, output_option, say, table


@click.command()
@click.argument("repository", metavar="[OWNER/NAME]", required=False)
@home_option
@output_option
def config(repository: str | None, home: Path | None, output: str) -> None:
    """Show every setting, its value and where it comes from; secrets are masked.

    With OWNER/NAME it shows those of that repository: what its `.caloron.yml`, that of its owner, the
    operator's settings and the defaults come to.
    """
    if repository is not None:
        _of_repository(repository, home, output)
        return
    rows, wrong = Settings.explain(), _errors()
    say(output, {"settings": rows, "wrong": wrong}, rows, lambda: _text(rows))
    if wrong:
        raise click.ClickException("\n".join(wrong))


def _of_repository(repository: str, home: Path | None, output: str) -> None:
    """What is in effect there, and on stderr which file has mistakes."""
    settings = Settings.load()
    with open_archive(home) as archive:
        state = archive.store.load(archive.lane_of(repository)).state
    own, beneath = state.get("config"), state.get("organisation")
    rows, wrong = explained(settings, own, beneath), list[str]()
    for file, found in (
        (".caloron.yml", own),
        (f".caloron.yml of {beneath['held_in']}" if beneath else "", beneath),
    ):
        problems = (found.get("problems") or []) if found else []
        wrong += [f"{file}, line {one['line']}, column {one['column']}: {one['message']}" for one in problems]
    say(output, {"settings": rows, "wrong": wrong}, rows, lambda: _keys(rows))
    if wrong:
        raise click.ClickException("\n".join(wrong))


def _keys(rows: list[ExplainedKey]) -> RenderableType:
    return table([{**row, "value": _short(row["value"])} for row in rows])


def _short(value: Any) -> str:
    if value is None or value in ([], {}):
        return "–"
    text = value if isinstance(value, str) else as_json(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


_LONGEST = 100


def _text(rows: list[Explained]) -> RenderableType:
    return table([row | {"value": row["value"] or "–"} for row in rows])


def _errors() -> list[str]:
    try:
        Settings.load()
    except SettingsError as error:
        return error.lines
    return []
