"""Worker threads: one process carries out the actions of many lanes, for it mostly waits for forges."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

THREADS = 32
"""How many lanes one process serves at a time."""
_BEAT_S = 2.5


class WorkerThreads:
    """A pool that takes work only while a thread is free, so that the rest stays in the queue for others."""

    def __init__(self, beat: Callable[[], None], threads: int = THREADS) -> None:
        self._beat = beat
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="lane")
        self._free = BoundedSemaphore(threads)

    def run(self, work: Callable[[], None]) -> None:
        """Hand the work to a free thread, and come back when another is free."""
        self._wait()
        self._pool.submit(self._run, work)
        self._wait()
        self._free.release()

    def _wait(self) -> None:
        while not self._free.acquire(timeout=_BEAT_S):
            self._beat()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._free.release()

    def finish(self) -> None:
        """Wait for what still runs."""
        self._pool.shutdown(wait=True)
