"""Ends a run at once when its machine has less free space than the reserve."""

import os
import signal
import threading
from types import TracebackType

from shell.agent.harness import Relay, Watcher
from shell.disk import Reserve

LOOK_S = 0.1
"""An agent can write gigabytes in a second, and the store must never find the disk full."""


class ReserveWatch(Relay):
    """A run's watcher around its own one: it kills the run's guard, and all of the run dies with it."""

    def __init__(self, report: Watcher, reserve: Reserve) -> None:
        super().__init__(report)
        self.reserve = reserve
        self.shortage: str | None = None
        """Why the run was ended, if it was."""
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "ReserveWatch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def started(self, pid: int) -> None:
        self._thread = threading.Thread(target=self._watch, args=(os.pidfd_open(pid),), daemon=True)
        self._thread.start()
        super().started(pid)

    def _watch(self, guard: int) -> None:
        try:
            while not self._ended.wait(LOOK_S):
                if shortage := self.reserve.shortage():
                    self.shortage = shortage
                    signal.pidfd_send_signal(guard, signal.SIGKILL)
                    return
        except ProcessLookupError:
            self.shortage = None  # it had just ended by itself
        finally:
            os.close(guard)
