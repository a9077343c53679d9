"""Bodies of deliveries: what is read of them, for how long, and how much of all together."""

from contextlib import ExitStack
from io import BytesIO
from typing import IO, Never

import pytest
from gevent import sleep
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from bot.web import intake
from bot.web.intake import FREE_BYTES, MAX_BYTES, MOST_IN_FLIGHT, Intake, NoRoom, within
from bot.web.serve import limit


class Endless(BytesIO):
    """A body that goes on for ever."""

    def read(self, size: int | None = -1, /) -> bytes:
        sleep(0)
        return b" " * (size or 1)


class Unread(BytesIO):
    """A body that must not be read."""

    def read(self, size: int | None = -1, /) -> Never:
        raise AssertionError("it was read")


def test_a_body_is_whole_and_its_room_is_free_again() -> None:
    reading = Intake(within)
    body = b"x" * (3 * FREE_BYTES)
    with reading.body(BytesIO(body), len(body)) as taken:
        assert taken == body
        assert reading.in_flight == 2 * FREE_BYTES
    assert reading.in_flight == 0


def test_long_bodies_have_a_bound_together_and_short_ones_always_have_room() -> None:
    reading = Intake(within)
    long = MOST_IN_FLIGHT // 4 + FREE_BYTES
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(reading.body(BytesIO(b"x" * long), long))
        with pytest.raises(NoRoom, match="Redeliver"), reading.body(BytesIO(b"x" * long), long):
            raise AssertionError("it was taken")
        with reading.body(BytesIO(b"x" * FREE_BYTES), FREE_BYTES) as short:
            assert len(short) == FREE_BYTES
    assert reading.in_flight == 0


@pytest.mark.parametrize(
    ("stream", "length"), [(Unread(), MAX_BYTES + 1), (Endless(), None)], ids=["it says so", "it does not"]
)
def test_a_body_longer_than_any_of_a_forge_is_refused(stream: IO[bytes], length: int | None) -> None:
    reading = Intake(within)
    with pytest.raises(RequestEntityTooLarge), reading.body(stream, length):
        raise AssertionError("it was taken")
    assert reading.in_flight == 0


def test_a_body_that_does_not_come_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Endless):
        def read(self, size: int | None = -1, /) -> bytes:
            sleep(0.01)
            return b" "

    monkeypatch.setattr(intake, "BODY_S", 0.05)
    reading = Intake(limit)
    with pytest.raises(RequestTimeout, match="did not arrive"), reading.body(Slow(), None):
        raise AssertionError("it was taken")
