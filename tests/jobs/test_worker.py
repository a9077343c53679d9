"""The worker of the actions has many hands: a lane whose forge is slow holds up no other."""

import threading
from typing import Any

import pytest

from jobs import perform, worker


def test_rings_are_answered_side_by_side_and_finished_before_the_end(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, served = threading.Barrier(2, timeout=10), list[str]()

    def serve(lane: str) -> None:
        both.wait()
        served.append(lane)

    monkeypatch.setattr(perform, "perform", serve)
    monkeypatch.setattr(worker.HandsWorker, "_install_signal_handlers", lambda self: None)
    for lane in ("gitea-1", "gitea-2"):
        bench.store.ring("actions", lane)
    working = worker.worker_of("actions", bench)
    working.work(burst=True, logging_level="ERROR")
    working.finish()
    assert sorted(served) == ["gitea-1", "gitea-2"]
