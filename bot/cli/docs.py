"""`caloron docs`: write or check the documentation pages that are generated from the code."""

from collections.abc import Callable
from pathlib import Path

import click

from .life import life
from .pages import actions, commands, compositions, configuration, events, schema, settings, stages

FOLDER = Path(__file__).parents[2] / "docs"
HEAD = "<!-- Made from the code by `caloron docs`; a change made here by hand is lost. -->\n\n"

PAGES: dict[str, Callable[[], str]] = {
    "stages.md": stages,
    "compositions.md": compositions,
    "events.md": events,
    "actions.md": actions,
    "life.md": life,
    "commands.md": commands,
    "settings.md": settings,
    "configuration.md": configuration,
    "caloron.schema.json": schema,
}


def page(name: str) -> str:
    """The page as generated now."""
    head = HEAD if name.endswith(".md") else ""  # JSON has no comments
    return head + PAGES[name]().rstrip() + "\n"


def stale(folder: Path) -> list[str]:
    """The pages that are out of date."""
    return [
        name for name in PAGES if not (folder / name).is_file() or (folder / name).read_text() != page(name)
    ]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is out of date.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Target folder; default: docs.",
)
def docs(check: bool, folder: Path) -> None:
    """Write the documentation pages that are generated from the code."""
    old = stale(folder)
    if check and old:
        raise click.ClickException(f"Out of date: {', '.join(old)}. Run `caloron docs`.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in old:
        (folder / name).write_text(page(name), encoding="utf-8")
        click.echo(f"wrote {folder / name}")
    if not old:
        click.echo("Every page is up to date.")
