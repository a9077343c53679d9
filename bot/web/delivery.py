"""One webhook delivery: reject it, or put its event where it belongs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.switchboard import admit
from shell.admission import admission_of
from shell.errors import BadDelivery
from shell.event import Changed, Delivered, Event, IssueComment, lane_of
from shell.forge import detect, read_delivery, signature, verify
from shell.settings import Settings

from .store_protocol import DeliveryStore


class Rejected(Exception):
    """A delivery that is not stored, with its HTTP status and a message for whoever set the hook up."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Hook:
    """The hook that a path belongs to; the plain `/webhooks` is not bound to a repository or organisation."""

    path: str
    forge: str | None = None
    scope: str | None = None
    owner_id: int | None = None


@dataclass(frozen=True)
class Routed:
    """Where a delivery went: its receipt, and the outcome that the metrics count."""

    receipt: str
    outcome: str
    reason: str | None = None


def check_headers(hook: Hook, headers: Mapping[str, str]) -> None:
    """Reject by its headers alone what is not JSON, of no known forge, or not signed: no body is read."""
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Rejected(
            415, f"Unsupported content type ({kind or 'none'}); set the webhook's to application/json."
        )
    forge = detect(headers)
    if forge is None:
        raise Rejected(400, "The event header of Gitea, Forgejo or GitHub is missing.")
    if hook.forge and hook.forge != ("gitea" if forge == "forgejo" else forge):
        raise Rejected(403, f"This address is for {hook.forge} webhooks, but the delivery is from {forge}.")
    if signature(headers) is None:
        raise Rejected(401, _NOT_SIGNED)


def check_signature(hook: Hook, headers: Mapping[str, str], body: bytes, settings: Settings) -> None:
    """Reject a delivery that is not signed with this hook's secret."""
    if not verify(body, headers, settings.hook_secrets(hook.path)):
        raise Rejected(401, _NOT_SIGNED)


_NOT_SIGNED = "The signature is missing or wrong; set the webhook's secret to the bot's."


def route(
    hook: Hook, headers: Mapping[str, str], body: bytes, settings: Settings, store: DeliveryStore
) -> Routed:
    """Put a checked delivery into the inbox, among the ignored, or among the dead letters."""
    try:
        event = read_delivery(headers, body)
    except BadDelivery as bad:
        return Routed(store.dead_letter(body, headers, str(bad)), "dead_letter", str(bad))
    except Exception as error:  # a bug in our mapping must not lose the delivery
        reason = f"{type(error).__name__}: {error}"
        return Routed(store.dead_letter(body, headers, reason), "dead_letter", reason)
    _check_owner(hook, event, body)
    if event["type"] == "ignored":
        return Routed(store.note_ignored(event, event["reason"]), "ignored", event["reason"])
    ignored = _not_configured(event, settings) or admit(event)
    if ignored:
        return Routed(store.note_ignored(event, ignored), "ignored", ignored)
    return _let_in(hook, event, settings, store)


def _let_in(hook: Hook, event: Changed | IssueComment, settings: Settings, store: DeliveryStore) -> Routed:
    """Compare the repository with the table of those that the forge has shown.

    An unknown one is kept, but nothing of it is handled before the forge has shown it. Of one that is not let
    in only comments are kept: the first command there is answered with one line.
    """
    lane = lane_of(event)
    admission = admission_of(settings, *store.facts(lane))
    if hook.scope == "org":
        if admission.verified and admission.owner_id != hook.owner_id:
            raise Rejected(
                403,
                f"This webhook belongs to organisation {hook.owner_id}, which does not own the repository.",
            )
        event["hook"] = hook.owner_id
    if admission.verified and not admission.let_in and event["type"] != "issue_comment":
        return Routed(store.note_ignored(event, admission.reason), "ignored", admission.reason)
    status = "queued" if admission.verified else "unverified"
    return Routed(store.accept(lane, event, status), "accepted")


def _not_configured(event: Event, settings: Settings) -> str | None:
    """Why an event of a forge that is not configured is ignored: its lane could never advance."""
    kind = lane_of(event).partition("-")[0]
    return None if kind in settings.forges else _HOW_TO_CONFIGURE[kind]


_HOW_TO_CONFIGURE = {
    "gitea": "Gitea (or Forgejo) is not configured; set GITEA_URL and GITEA_TOKEN.",
    "github": "GitHub is not configured; set GITHUB_TOKEN, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY.",
}


def _check_owner(hook: Hook, event: Delivered, body: bytes) -> None:
    """Reject another repository or organisation than the hook's; an event without one changes nothing."""
    if event["type"] == "ignored" and "repo_id" not in event:
        return
    if hook.scope == "repo" and event.get("repo_id") != hook.owner_id:
        raise Rejected(
            403,
            f"This webhook belongs to repository {hook.owner_id}, not to {event.get('repo_id')}.",
        )
    if hook.scope == "org" and _owner_id(json.loads(body)) != hook.owner_id:
        raise Rejected(
            403, f"This webhook belongs to organisation {hook.owner_id}, but the delivery is from another."
        )


def _owner_id(payload: Any) -> Any:
    repository = payload.get("repository") or {}
    return (repository.get("owner") or {}).get("id")
