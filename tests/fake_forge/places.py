"""A receiver that webhooks are sent to, and what the tests of the fake forge share."""

import json
from dataclasses import dataclass, field
from typing import Any

from bot.fake_forge import FakeForge

REPO = "acme/shop"
PEOPLE = {"bot": "admin", "alice": "write", "mallory": "read"}


@dataclass
class WebhookReceiver:
    """What was delivered: (headers, raw body), in the order of arrival."""

    url: str = ""
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: int = 200

    def payloads(self, event: str) -> list[dict[str, Any]]:
        """The bodies of one event, by the header that both forges send."""
        return [json.loads(body) for headers, body in self.arrived if headers["X-GitHub-Event"] == event]

    def events(self) -> list[tuple[str, str | None]]:
        return [(headers["X-GitHub-Event"], json.loads(body).get("action")) for headers, body in self.arrived]


def hook(forge: FakeForge, url: str, events: list[str], secret: str = "s3cret") -> int:
    """Have one's events delivered to an address."""
    config = {"url": url, "content_type": "json", "secret": secret}
    kind = {"type": "gitea"} if forge.dialect == "gitea" else {"name": "web"}
    body = {**kind, "active": True, "events": events, "config": config}
    status, made = forge.call("bot", "POST", f"/repos/{REPO}/hooks", body)
    assert status == 201
    return int(made["id"])
