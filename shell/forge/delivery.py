"""One webhook delivery: its forge, its signature, and the flat event that it becomes."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from shell.errors import BadDelivery
from shell.event import LARGEST_ID, Delivered
from shell.forge import gitea_delivery, github_delivery
from shell.forge.event_bounds import bounded_event
from shell.sanitize import read_bounded

Kind = Literal["forgejo", "gitea", "github"]

# Forgejo also sends Gitea's headers, and Gitea GitHub's: the order decides
_EVENT_HEADERS: dict[str, Kind] = {
    "x-forgejo-event": "forgejo",
    "x-gitea-event": "gitea",
    "x-github-event": "github",
}
_IDS = {"repo_id", "comment_id", "issue_number", "number"}
_SIGNATURES = ("x-hub-signature-256", "x-forgejo-signature", "x-gitea-signature")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def detect(headers: Mapping[str, str]) -> Kind | None:
    """The forge that a delivery comes from; None if it is of no known forge."""
    lowered = _lower(headers)
    return next((kind for header, kind in _EVENT_HEADERS.items() if lowered.get(header)), None)


def verify(body: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
    """Whether the body is signed with one of the secrets."""
    digest = signature(headers)
    if digest is None:
        return False
    matches = [hmac.compare_digest(digest, _sign(secret, body)) for secret in secrets if secret]
    return any(matches)


def signature(headers: Mapping[str, str]) -> str | None:
    """The signature, 64 hex digits; None if there is none of that form: no body can match it."""
    lowered = _lower(headers)
    given = next((lowered[header] for header in _SIGNATURES if header in lowered), "")
    digest = given.removeprefix("sha256=").lower()
    return digest if _SHA256.fullmatch(digest) else None  # a forge without a secret sends an empty one


def read_delivery(headers: Mapping[str, str], body: bytes) -> Delivered:
    """The delivery as one flat event; BadDelivery if it cannot be read."""
    kind = detect(headers)
    if kind is None:
        raise BadDelivery("it has no event header of a known forge")
    payload = _payload(body)
    name, delivery = _named(kind, _lower(headers), body)
    read = github_delivery.read if kind == "github" else gitea_delivery.read
    try:
        event = read(name, delivery, payload)
        event["forge"] = kind
        return _sound(event)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as wrong:
        raise BadDelivery(f"{kind} {name}: unexpected payload at {wrong}") from wrong


def _sound(event: Delivered) -> Delivered:
    """Only what the store can keep, each field within its bounds, and ids that are numbers of a forge's."""
    for name, number in event.items():
        if name in _IDS and (type(number) is not int or not 0 < number <= LARGEST_ID):
            raise TypeError(f"{name}, which is {str(number)[:40]!r} instead of a positive number of 53 bits")
    json.dumps(event, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded
    return bounded_event(event)


def _named(kind: Kind, lowered: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The event's name and the delivery's id; without one, the hash of its content."""
    name = lowered[f"x-{kind}-event"].strip()
    return name, lowered.get(f"x-{kind}-delivery") or hashlib.sha256(body).hexdigest()[:32]


def _payload(body: bytes) -> dict[str, Any]:
    try:
        payload = read_bounded(body)
    except ValueError as wrong:
        raise BadDelivery(f"the body is not JSON: {wrong}") from None
    if not isinstance(payload, dict):
        raise BadDelivery("the body is not a JSON object")
    return payload


def _sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
