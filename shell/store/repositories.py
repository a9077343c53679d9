"""The table of repositories: what the forge said about each, by its id, and which the operator installed."""

import json
from typing import cast

from shell.admission import Facts
from shell.store import keys
from shell.store.base import Base
from shell.store.connection import reachable, write


class Repositories(Base):
    """The table that the webhook endpoint compares deliveries with; reconcile keeps it."""

    @reachable
    def facts(self, lane: str) -> tuple[Facts | None, bool]:
        """What the forge last said about the repository, if it was asked; and whether it is installed."""
        with self.client.pipeline(transaction=False) as pipe:
            pipe.hget(keys.REPOSITORIES, lane)
            pipe.sismember(keys.INSTALLED, lane)
            text, installed = pipe.execute()
        return (cast(Facts, json.loads(text)) if text else None), bool(installed)

    @reachable
    def note_facts(self, lane: str, facts: Facts) -> None:
        """Note what the forge says now."""
        self.client.hset(keys.REPOSITORIES, lane, write(facts))

    @reachable
    def note_installed(self, lane: str) -> None:
        """Note that the operator installed the bot in this repository."""
        self.client.sadd(keys.INSTALLED, lane)

    @reachable
    def forget_installed(self, lane: str) -> None:
        """The operator took the repository out again."""
        self.client.srem(keys.INSTALLED, lane)

    @reachable
    def installed(self) -> set[str]:
        """The lanes of all repositories that were installed."""
        return set(self.client.smembers(keys.INSTALLED))
