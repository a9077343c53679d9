"""One delivery at the door: is it for us, is it true, and where does it go."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.switchboard import admit
from shell.errors import BadDelivery
from shell.event import Event, lane_of
from shell.forge import detect, read_delivery, verify
from shell.settings import Settings

from .kept import Inbox


class Turned(Exception):
    """A delivery turned away at the door, with its HTTP status and words for whoever set the hook up."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Hook:
    """The hook that a path belongs to; the plain `/webhooks` belongs to no one in particular."""

    path: str
    forge: str | None = None
    scope: str | None = None
    owner_id: int | None = None


@dataclass(frozen=True)
class Taken:
    """What became of a delivery: its receipt, and the word that counts it."""

    receipt: str
    outcome: str
    reason: str | None = None


def check(hook: Hook, headers: Mapping[str, str], body: bytes, settings: Settings) -> None:
    """Turn away what is not JSON, from no forge we know, or not signed with this hook's secret."""
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Turned(415, f"{kind or 'no content type'}: set the webhook's content type to application/json.")
    forge = detect(headers)
    if forge is None:
        raise Turned(400, "This is no webhook of Gitea, Forgejo or GitHub: their event header is missing.")
    if hook.forge and hook.forge != ("gitea" if forge == "forgejo" else forge):
        raise Turned(403, f"This address is for hooks of {hook.forge}, the delivery is from {forge}.")
    if not verify(body, headers, settings.hook_secrets(hook.path)):
        raise Turned(401, "The signature is missing or wrong: give the webhook the secret that the bot has.")


def take(hook: Hook, headers: Mapping[str, str], body: bytes, settings: Settings, store: Inbox) -> Taken:
    """Put a checked delivery where it belongs: the inbox, the ignored, or the dead letters."""
    try:
        event = read_delivery(headers, body)
    except BadDelivery as bad:
        return Taken(store.dead_letter(body, headers, str(bad)), "dead_letter", str(bad))
    except Exception as error:  # our mapping's bug must not cost the event: it is kept whole
        reason = f"{type(error).__name__}: {error}"
        return Taken(store.dead_letter(body, headers, reason), "dead_letter", reason)
    _same_owner(hook, event, body)
    ignored = event["reason"] if event["type"] == "ignored" else _unknown(event, settings) or admit(event)
    if ignored:
        return Taken(store.note_ignored(event, ignored), "ignored", ignored)
    return Taken(store.accept(lane_of(event), event), "accepted")


def _unknown(event: Event, settings: Settings) -> str | None:
    """Why a forge that nobody has set up is not listened to: no lane of its could ever move."""
    kind = lane_of(event).partition("-")[0]
    return None if kind in settings.forges else _NOT_SET_UP[kind]


_NOT_SET_UP = {
    "gitea": "Gitea (or Forgejo) is not configured here; set GITEA_URL and GITEA_TOKEN.",
    "github": "GitHub is not configured here; set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY.",
}


def _same_owner(hook: Hook, event: Event, body: bytes) -> None:
    """A hook's secret speaks only for its own repository or organisation; what names none moves nothing."""
    if event["type"] == "ignored" and "repo_id" not in event:
        return
    if hook.scope == "repo" and event.get("repo_id") != hook.owner_id:
        raise Turned(403, f"This hook is for repository {hook.owner_id}, not for {event.get('repo_id')}.")
    if hook.scope == "org" and _owner_id(json.loads(body)) != hook.owner_id:
        raise Turned(403, f"This hook is for organisation {hook.owner_id}, the delivery is from another.")


def _owner_id(payload: Any) -> Any:
    repository = payload.get("repository") or {}
    return (repository.get("owner") or {}).get("id")
