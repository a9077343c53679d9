"""`caloron docs`: write or check the documentation pages that are generated from the code."""

from collections.abc import Callable
from pathlib import Path

import click

from .life import life
from .pages import actions, commands, compositions, configuration, events, schema, settings, stages, state
from .policy_types import WORLD, world

FOLDER = Path(__file__).parents[2] / "docs"
HEAD = "<!-- Made from the code by `caloron docs`; a change made here by hand is lost. -->\n\n"

PAGES: dict[str, Callable[[], str]] = {
    "stages.md": stages,
    "compositions.md": compositions,
    "state.md": state,
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


def made(folder: Path) -> dict[Path, str]:
    """Each file that is made, with its text; beside the pages of the docs, the types of a policy."""
    pages = {folder / name: page(name) for name in PAGES}
    return pages | ({WORLD: world()} if folder == FOLDER else {})


def stale(files: dict[Path, str]) -> list[Path]:
    """The files that are out of date."""
    return [file for file, text in files.items() if not file.is_file() or file.read_text() != text]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is out of date.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Target folder; default: docs.",
)
def docs(check: bool, folder: Path) -> None:
    """Write the files that are generated from the code: the docs' pages, and the types of a policy."""
    files = made(folder)
    old = stale(files)
    if check and old:
        raise click.ClickException(
            f"Out of date: {', '.join(file.name for file in old)}. Run `caloron docs`."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file in old:
        file.write_text(files[file], encoding="utf-8")
        click.echo(f"wrote {file}")
    if not old:
        click.echo("Every page is up to date.")
