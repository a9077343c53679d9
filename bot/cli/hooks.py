"""The webhook of one repository, with an address and a secret of its own."""

from typing import Any

from handlers.repository_labels import OFFERED_LABELS
from shell.event import ForgeKind
from shell.forge import Forge
from shell.settings import Settings


def install_hook(settings: Settings, forge: Forge, kind: ForgeKind, repo: str) -> dict[str, Any]:
    """Create the webhook, which replaces an older one at the same address, and the labels."""
    repository = forge.repository(repo)
    path = f"/webhooks/{kind}/repo/{repository['id']}"
    url = settings.public_url + path
    old = [hook["id"] for hook in forge.list_hooks(repo) if hook["url"] == url]
    number = forge.create_hook(repo, url, settings.hook_secret(path))
    for earlier in old:
        forge.delete_hook(repo, earlier)
    forge.make_labels(repo, OFFERED_LABELS)
    return {
        "repository": repo,
        "id": repository["id"],
        "forge": kind,
        "hook": number,
        "url": url,
        "replaced": len(old),
        "labels": len(OFFERED_LABELS),
    }


def remove_hooks(settings: Settings, forge: Forge, repo: str) -> int:
    """Delete every webhook that sends to this bot; how many there were."""
    endpoint = settings.public_url + "/webhooks"
    own = [
        hook
        for hook in forge.list_hooks(repo)
        if hook["url"] == endpoint or hook["url"].startswith(endpoint + "/")
    ]
    for hook in own:
        forge.delete_hook(repo, hook["id"])
    return len(own)
