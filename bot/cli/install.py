"""`caloron install OWNER/NAME`: create the webhook and the labels in a repository."""

import click

from shell.errors import Refused, Unavailable
from shell.event import ForgeKind
from shell.forge import Forge, client_for
from shell.installations import note
from shell.settings import Settings
from shell.store import Store, connect

from .hooks import install_hook
from .output import output_option, say


@click.command()
@click.argument("repository", metavar="OWNER/NAME")
@click.option(
    "--forge", "kind", type=click.Choice(["gitea", "github"]), help="Which forge, if both are configured."
)
@output_option
def install(repository: str, kind: ForgeKind | None, output: str) -> None:
    """Let a repository in: create its webhook and labels, and note that the bot may act there.

    Safe to repeat.
    """
    settings = Settings.load()
    found, forge = _find_forge(settings, repository, kind)
    try:
        installed = install_hook(settings, forge, found, repository)
    except Refused as error:
        raise click.ClickException(
            f"{repository}: {error}. The bot's account needs to administer the repository to create a "
            "webhook. Give it that right, or create the webhook yourself as the README describes."
        ) from None
    let_in(settings, f"{found}-{installed['id']}", repository)
    say(output, installed, [installed], lambda: _sentence(installed, settings))


def let_in(settings: Settings, lane: str, repository: str) -> None:
    """Note it in CALORON_HOME, and at once in the store if that runs; the clock takes it up too."""
    note(settings.home, lane, repository)
    try:
        Store(connect(settings.store_url, socket_timeout=2.0)).note_installed(lane)
    except Unavailable as error:
        if settings.redis_url:
            raise click.ClickException(
                f"{error}, so the bot does not know yet that it may act in {repository}. "
                "Start the store, then run this again."
            ) from None


def _find_forge(settings: Settings, repository: str, kind: ForgeKind | None) -> tuple[ForgeKind, Forge]:
    kinds = [kind] if kind else list(settings.forges)
    problems = []
    for name in kinds:
        forge = client_for(name, settings)
        try:
            forge.repository(repository)
        except Refused as error:
            problems.append(f"{name} says {error}")
        except Unavailable as error:
            problems.append(str(error))
        else:
            return name, forge
    raise click.ClickException(
        f"{repository} cannot be seen: {'; '.join(problems)}. "
        "Check its name, and that the bot's account is a collaborator."
    )


def _sentence(installed: dict[str, object], settings: Settings) -> str:
    url = installed["url"]
    line = f"{installed['repository']} now sends its webhooks to {url} (webhook {installed['hook']})."
    local = (
        " Only this machine can reach that address: set CALORON_PUBLIC_URL if the forge runs elsewhere."
        if "127.0.0.1" in settings.public_url
        else ""
    )
    next_step = "Next: open an issue there and set the label caloron:sprint."
    return f"{line} The labels are there too.{local} {next_step}"
