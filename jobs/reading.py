"""How long the texts of one lane may take to be read, so that hard ones keep no other lane waiting."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, process_time

from shell.cpu_limit import cpu_limit

READ_S = 2.0
"""Processor time to read one text; lists in lists, as long as they may be, take half of it."""
ALLOWANCE_S = 2.0
"""Processor time that a lane's hard texts may take together in a minute; after that each is hard enough."""
LEAST_S = 0.2
"""Processor time that any text may take; one of ordinary length takes a hundredth of it."""
EASY_S = 0.05
"""What takes no longer is not counted, so that many ordinary texts use up nothing."""
_MINUTE_S = 60.0


class Reading:
    """What the hard texts of each lane took in its current minute, in this process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._taken: dict[str, tuple[float, float]] = {}

    @contextmanager
    def limited(self, lane: str) -> Iterator[None]:
        """Read one text of the lane; TooLong where it takes longer than it may."""
        began = process_time()
        try:
            with cpu_limit(self.limit(lane)):
                yield
        finally:
            self.note(lane, process_time() - began)

    def limit(self, lane: str) -> float:
        """How long the lane's next text may take."""
        since, taken = self._taken.get(lane, (0.0, 0.0))
        left = ALLOWANCE_S - taken if self._clock() - since < _MINUTE_S else ALLOWANCE_S
        return min(READ_S, max(LEAST_S, left))

    def note(self, lane: str, seconds: float) -> None:
        """Count what a text took, if it was a hard one; minutes that are over are forgotten."""
        if seconds <= EASY_S:
            return
        now = self._clock()
        self._taken = {one: spent for one, spent in self._taken.items() if now - spent[0] < _MINUTE_S}
        since, taken = self._taken.get(lane, (now, 0.0))
        self._taken[lane] = since, taken + seconds
