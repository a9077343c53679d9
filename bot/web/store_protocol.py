"""The part of the store that the web process uses, as protocols."""

from collections.abc import Mapping
from typing import Any, Protocol

from shell.admission import Facts
from shell.event import Delivered, Event


class DeliveryStore(Protocol):
    """What the webhook endpoint uses; each method raises Unavailable if the store does not answer in time."""

    def facts(self, lane: str) -> tuple[Facts | None, bool]: ...

    def accept(self, lane: str, event: Event, status: str = "queued") -> str: ...

    def note_ignored(self, event: Delivered, reason: str) -> str: ...

    def dead_letter(self, raw: bytes, headers: Mapping[str, str], reason: str) -> str: ...

    def receipt(self, receipt_id: str) -> dict[str, Any] | None: ...

    def health(self) -> dict[str, Any]: ...


class AgentStore(Protocol):
    """What the shell's HTTP surface uses."""

    def accept(self, lane: str, event: Event) -> str: ...

    def lane_of(self, sprint_id: str) -> str | None: ...

    def load(self, lane: str) -> Any: ...

    def agents(self) -> list[dict[str, Any]]: ...

    def heartbeat(self, agent_id: str, sprint_id: str, **fields: Any) -> None: ...
