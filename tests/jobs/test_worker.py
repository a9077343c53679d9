"""The workers of the doorbell: many hands for the actions, and patience with a store that is away."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs import perform, worker
from shell.store import connect


def test_rings_are_answered_side_by_side_and_finished_before_the_end(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, served = threading.Barrier(2, timeout=10), list[str]()

    def serve(lane: str) -> None:
        both.wait()
        served.append(lane)

    monkeypatch.setattr(perform, "perform", serve)
    monkeypatch.setattr(worker.ThreadedWorker, "_install_signal_handlers", lambda self: None)
    for lane in ("gitea-1", "gitea-2"):
        bench.store.enqueue("actions", lane)
    working = worker.worker_of("actions", bench)
    working.work(burst=True, logging_level="ERROR")
    working.finish()
    assert sorted(served) == ["gitea-1", "gitea-2"]


def test_a_store_that_is_away_neither_ends_the_worker_nor_is_taken_for_a_mistake(
    bench: Any, tmp_path: Path
) -> None:
    working = worker.worker_of("events", bench)
    working.connection = connect(f"unix://{tmp_path / 'none.sock'}")
    working.check_for_suspension(burst=False)
    job = SimpleNamespace(id="1", key="rq:job:1", func_name="advance", args=["gitea-1"])
    with capture_logs() as told:
        working._answer(job, working.queues[0])
    assert [line["log_level"] for line in told] == ["warning"]
