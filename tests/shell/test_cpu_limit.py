"""The limit on processor time: it ends what computes, also within one regular expression."""

import gc
import re
import time
import weakref

import pytest

from shell.cpu_limit import TooLong, cpu_limit


def test_work_that_takes_too_long_is_ended() -> None:
    began = time.process_time()
    with pytest.raises(TooLong), cpu_limit(0.1):
        while True:
            sum(range(1000))
    with pytest.raises(TooLong), cpu_limit(0.1):
        re.fullmatch(r"(a|a)*b", "a" * 60)
    assert time.process_time() - began < 5


def test_work_in_time_is_left_alone_and_so_is_waiting() -> None:
    with cpu_limit(0.2):
        time.sleep(0.3)
    assert time.process_time()


def spend(seconds: float) -> None:
    """So much processor time."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


class Slow:
    """An object whose end takes longer than the limit."""

    def __del__(self) -> None:
        spend(0.3)


def test_a_finalizer_does_not_swallow_the_end() -> None:
    with pytest.raises(TooLong), cpu_limit(0.1):
        slow: Slow | None = Slow()
        assert slow
        slow = None
        spend(10)


def test_a_callback_of_the_collector_does_not_swallow_it_either() -> None:
    def slow(_phase: str, _about: dict[str, int]) -> None:
        spend(0.3)

    gc.callbacks.append(slow)
    try:
        with pytest.raises(TooLong), cpu_limit(0.1):
            gc.collect()
            spend(10)
    finally:
        gc.callbacks.remove(slow)


class SlowToForget(set[weakref.ref["Thing"]]):
    """The data of a weak set, from which an item goes more slowly than the limit allows."""

    def discard(self, item: object) -> None:
        spend(0.3)


class Thing:
    """Something that a weak set can hold."""


def test_a_weak_set_does_not_swallow_it_either() -> None:
    known, thing = weakref.WeakSet[Thing](), Thing()
    known.add(thing)
    vars(known)["data"] = SlowToForget(vars(known)["data"])
    with pytest.raises(TooLong), cpu_limit(0.1):
        del thing
        spend(10)
