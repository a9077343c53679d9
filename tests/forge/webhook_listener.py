"""A repository whose deliveries are listener, verified and read."""

from dataclasses import dataclass
from typing import Any

from shell.forge import detect, read_delivery, verify
from tests.forge.servers import Receiver, Server, wait_for

SECRET = "right"


@dataclass
class WebhookListener:
    """A repository whose deliveries are listener."""

    server: Server
    repo: str
    receiver: Receiver

    def events(self) -> list[Any]:
        return [self._read(*delivery) for delivery in list(self.receiver.deliveries)]

    def wait_for(self, **fields: Any) -> Any:
        """The first event with these fields, as soon as it arrives."""

        def look() -> Any:
            return next((event for event in self.events() if fields.items() <= event.items()), None)

        try:
            return wait_for(look)
        except AssertionError:
            raise AssertionError(f"{fields} is not among {self.events()}") from None

    def _read(self, headers: Any, body: bytes) -> Any:
        assert detect(headers) == self.server.kind
        assert verify(body, headers, ["old", SECRET])
        assert not verify(body, headers, ["old"])
        assert not verify(body + b" ", headers, [SECRET])
        event = read_delivery(headers, body)
        if event["type"] != "ignored":
            assert (event["forge"], event["repo"]) == (self.server.kind, self.repo)
        return event


def listen(server: Server, receiver: Receiver) -> WebhookListener:
    """A new repository with a hook that calls the receiver."""
    repo = server.repository()
    server.bot.create_hook(repo, receiver.url, SECRET)
    return WebhookListener(server, repo, receiver)
