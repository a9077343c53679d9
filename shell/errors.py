"""What can go wrong out in the world: it is away for now, it says no, or what it sent is not to be read."""


class Unavailable(Exception):
    """The world, passing: no answer in time, a limit, its own fault, a token that ran out. Worth a retry."""

    def __init__(
        self, host: str, reason: str, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{host} is not available: {reason}")
        self.host = host
        self.reason = reason
        self.retry_after = retry_after
        self.status = status


class NotYet(Unavailable):
    """A merge that the forge cannot do yet, for it still checks; in a conflict it answers this for ever."""


class Refused(Exception):
    """The world, final: it understood the call and says no, with a status and words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class BadDelivery(Exception):
    """A webhook delivery that cannot be read; its text says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
