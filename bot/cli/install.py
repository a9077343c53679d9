"""`caloron install OWNER/NAME`: the webhook and the labels in a repository."""

import click

from shell.errors import Refused, Unavailable
from shell.event import ForgeKind
from shell.forge import Forge, client_for
from shell.settings import Settings

from .hooks import install_hook
from .output import output_option, say


@click.command()
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--forge", "kind", type=click.Choice(["gitea", "github"]), help="Where, if both are set up.")
@output_option
def install(repository: str, kind: ForgeKind | None, output: str) -> None:
    """Make the webhook and the labels in a repository; doing it again changes nothing."""
    settings = Settings.load()
    found, forge = _where(settings, repository, kind)
    try:
        made = install_hook(settings, forge, found, repository)
    except Refused as error:
        raise click.ClickException(
            f"{repository}: {error}. The bot's account needs to administer the repository to make a hook; "
            "or make it by hand as README says."
        ) from None
    say(output, made, [made], lambda: _sentence(made, settings))


def _where(settings: Settings, repository: str, kind: ForgeKind | None) -> tuple[ForgeKind, Forge]:
    kinds = [kind] if kind else list(settings.forges)
    said = []
    for name in kinds:
        forge = client_for(name, settings)
        try:
            forge.repository(repository)
        except Refused as error:
            said.append(f"{name} says {error}")
        except Unavailable as error:
            said.append(str(error))
        else:
            return name, forge
    raise click.ClickException(f"{repository} cannot be seen: {'; '.join(said)}.")


def _sentence(made: dict[str, object], settings: Settings) -> str:
    line = f"{made['repository']} calls {made['url']} from now on (hook {made['hook']}), and has the labels."
    local = (
        ""
        if "127.0.0.1" not in settings.public_url
        else (
            " Mind that this address is this machine's own: set CALORON_PUBLIC_URL if the forge is elsewhere."
        )
    )
    return f"{line}{local} Next: open an issue there, and set the label caloron:sprint."
