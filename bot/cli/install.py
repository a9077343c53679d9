"""`caloron install OWNER/NAME`: create a repository's webhook and labels; `--remove` takes it out again."""

import click

from shell.admission import entry_for
from shell.errors import Refused, Unavailable
from shell.event import ForgeKind
from shell.forge import Forge, client_for
from shell.installations import forget, lanes, note
from shell.settings import Settings
from shell.store import Store, connect

from .hooks import install_hook, remove_hooks
from .output import output_option, say


@click.command()
@click.argument("repository", metavar="OWNER/NAME")
@click.option(
    "--forge", "kind", type=click.Choice(["gitea", "github"]), help="Which forge, if both are configured."
)
@click.option("--remove", is_flag=True, help="Take the repository out again, and delete its webhook.")
@output_option
def install(repository: str, kind: ForgeKind | None, remove: bool, output: str) -> None:
    """Let a repository in: create its webhook and labels, and note that the bot may act there.

    Safe to repeat. With --remove the bot does not act there any more; labels, issues and comments stay.
    """
    settings = Settings.load()
    if remove:
        removed = take_out(settings, repository, kind)
        say(output, removed, [removed], lambda: _removed_sentence(removed))
        return
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


def take_out(settings: Settings, repository: str, kind: ForgeKind | None) -> dict[str, object]:
    """Forget the installation first, so that nothing acts there even where the webhook cannot be deleted."""
    noted = {
        lane
        for lane, name in lanes(settings.home).items()
        if name.casefold() == repository.casefold() and lane.startswith(f"{kind or ''}")
    }
    hooks, trouble = 0, None
    try:
        found, forge = _find_forge(settings, repository, kind)
        shown = forge.repository(repository)
        noted.add(f"{found}-{shown['id']}")
        repository = shown["full_name"]
    except click.ClickException as error:
        if not noted:
            raise
        trouble = error.message
    for lane in sorted(noted):
        _forget(settings, lane, repository)
    if trouble is None:
        try:
            hooks = remove_hooks(settings, forge, repository)
        except (Refused, Unavailable) as error:
            trouble = str(error)
    entry = entry_for(settings, repository)
    return {
        "repository": repository,
        "lanes": sorted(noted),
        "hooks": hooks,
        "trouble": trouble,
        "still": entry,
    }


def _forget(settings: Settings, lane: str, repository: str) -> None:
    forget(settings.home, lane)
    try:
        Store(connect(settings.store_url, socket_timeout=2.0)).forget_installed(lane)
    except Unavailable as error:
        if settings.redis_url:
            raise click.ClickException(
                f"{error}, so the bot does not know yet that {repository} is taken out. "
                "Start the store, then run this again."
            ) from None


def _removed_sentence(removed: dict[str, object]) -> str:
    name, still, trouble = removed["repository"], removed["still"], removed["trouble"]
    lines = [f"{name} is taken out: the bot does not act there any more."]
    if still:
        lines = [
            f"{name} is no installation any more, but CALORON_REPOS still lets it in ({still}): change that."
        ]
    if trouble:
        lines.append(f"Its webhook could not be deleted: {trouble}. Delete it in the repository's settings.")
    else:
        count = removed["hooks"]
        lines.append(f"{count} of its webhooks {'was' if count == 1 else 'were'} deleted.")
    return " ".join(lines)


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
