"""The forges: what they tell us becomes one flat event, what we ask of them is one set of verbs."""

from pathlib import Path
from typing import Protocol

from shell.errors import BadDelivery
from shell.event import ForgeKind
from shell.forge.delivery import detect, read_delivery, signature, verify
from shell.forge.protocol import Forge

__all__ = [
    "BadDelivery",
    "Forge",
    "ForgeSettings",
    "client_for",
    "detect",
    "read_delivery",
    "signature",
    "verify",
]


class ForgeSettings(Protocol):
    """The settings that a client is made of."""

    @property
    def gitea_url(self) -> str | None: ...
    @property
    def gitea_token(self) -> str | None: ...
    @property
    def github_api_url(self) -> str: ...
    @property
    def github_token(self) -> str | None: ...
    @property
    def github_app_id(self) -> str | None: ...
    @property
    def github_app_private_key(self) -> str | None: ...
    @property
    def github_app_private_key_file(self) -> Path | None: ...


def client_for(
    forge: ForgeKind, settings: ForgeSettings, *, token: str | None = None, timeout: float = 10.0
) -> Forge:
    """The client of the bot's account on a forge; of another account if a token is given."""
    # imported here, because the webhook endpoint reads deliveries and needs no client
    if forge == "gitea":
        from shell.forge.gitea import GiteaForge

        if not settings.gitea_url:
            raise ValueError("GITEA_URL is not set; set it to the address of the server")
        return GiteaForge(settings.gitea_url, token or settings.gitea_token or "", timeout)
    from shell.forge.github import GitHubForge
    from shell.forge.github_app import GitHubApp

    api_url = settings.github_api_url
    if not token and settings.github_app_id and not settings.github_token:
        app = GitHubApp(api_url, settings.github_app_id, _private_key(settings), timeout)
        return GitHubForge(api_url, app, timeout)
    return GitHubForge(api_url, token or settings.github_token or "", timeout)


def _private_key(settings: ForgeSettings) -> str:
    if settings.github_app_private_key:
        # an environment file often holds a PEM in one line
        return settings.github_app_private_key.replace("\\n", "\n")
    if settings.github_app_private_key_file:
        return settings.github_app_private_key_file.read_text()
    raise ValueError("GITHUB_APP_PRIVATE_KEY is not set, so the App cannot sign")
