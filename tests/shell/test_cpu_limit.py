"""The limit on processor time: it ends what computes, also within one regular expression."""

import re
import time

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
