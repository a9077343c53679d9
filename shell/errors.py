"""What can go wrong with a remote host: it is unavailable, it refuses, or it sent something unreadable.

The words of these errors are the host's, and are shown to people: no secret stands in them.
"""

import traceback

from shell.secrets import mask

_TRACE = 4000


class Unavailable(Exception):
    """A passing failure: a timeout, a rate limit, a server error, an expired token. Worth a retry."""

    def __init__(
        self, host: str, reason: str, retry_after: float | None = None, status: int | None = None
    ) -> None:
        reason = mask(reason)
        super().__init__(f"{host} is not available: {reason}")
        self.host = host
        self.reason = reason
        self.retry_after = retry_after
        self.status = status


class NotYet(Unavailable):
    """The forge is still checking whether it can merge; Gitea keeps answering this in a conflict."""


class Refused(Exception):
    """A final failure: the host understood the call and refused it, with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        message = mask(message)
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class BadDelivery(Exception):
    """A webhook delivery that cannot be read; its text says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        reason = mask(reason)
        super().__init__(reason)
        self.reason = reason


def trace_of(error: BaseException) -> str:
    """The end of an error's traceback, for a dead letter; masked before it is cut."""
    return mask("".join(traceback.format_exception(error)))[-_TRACE:]
