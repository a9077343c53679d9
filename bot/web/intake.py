"""Reads the bodies of deliveries: each within a time and a size, all together within a bound on memory."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from io import BytesIO
from typing import IO

from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

MAX_BYTES = 25 * 2**20
"""GitHub sends no longer bodies: https://docs.github.com/en/webhooks/webhook-events-and-payloads"""
BODY_S = 10.0
"""In this time a body must be here; GitHub gives a delivery ten seconds, Gitea five."""
FREE_BYTES = 256 * 2**10
"""So much of a body takes no room from the others': few deliveries are longer."""
MOST_IN_FLIGHT = 64 * 2**20
"""The room for what is longer, of all bodies together that are being read or stored."""
_PIECE = 64 * 2**10

Within = Callable[[float], AbstractContextManager[object]]
"""Ends the block after so many seconds with TimeoutError."""


def within(_seconds: float) -> AbstractContextManager[object]:
    """No limit: for tests, whose bodies are already here."""
    return nullcontext()


class NoRoom(Exception):
    """Too many long bodies are being read; this one should be sent again."""

    def __init__(self) -> None:
        super().__init__(
            "Too many large deliveries arrive at once, so this one was not stored. Redeliver it."
        )


class Intake:
    """The bodies that one web process is reading."""

    def __init__(self, limit: Within) -> None:
        self.limit = limit
        self.in_flight = 0

    @contextmanager
    def body(self, stream: IO[bytes], length: int | None) -> Iterator[bytes]:
        """The whole body; its room is free again at the end of the block."""
        if length is not None and length > MAX_BYTES:
            raise RequestEntityTooLarge
        taken = BytesIO()
        room = 0
        try:
            with self._in_time():
                while piece := stream.read(_PIECE):
                    taken.write(piece)
                    if taken.tell() > MAX_BYTES:
                        raise RequestEntityTooLarge
                    needed = max(0, taken.tell() - FREE_BYTES) - room
                    self._take(needed)
                    room += needed
            yield taken.getvalue()
        finally:
            self.in_flight -= room

    def _take(self, count: int) -> None:
        if self.in_flight + count > MOST_IN_FLIGHT:
            raise NoRoom
        self.in_flight += count

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        try:
            with self.limit(BODY_S):
                yield
        except TimeoutError:
            raise RequestTimeout(f"The body did not arrive within {BODY_S:.0f} s.") from None
