"""The workers: actions of many lanes side by side, and a failing job that ends neither worker nor log."""

import threading
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from jobs import advance, perform, worker
from jobs.context import Context
from jobs.worker import tried_walls
from jobs.worker_threads import WorkerThreads
from shell import queue
from shell.errors import Unavailable
from shell.settings import Settings
from tests.waiting import LIMIT_S


def test_lanes_are_served_side_by_side_and_finished_before_the_end(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, served = threading.Barrier(2, timeout=LIMIT_S), list[str]()

    def serve(ctx: Any, lane: str, first: bool) -> None:
        both.wait()
        served.append(lane)

    monkeypatch.setattr(perform, "perform_with", serve)
    for lane in ("gitea-1", "gitea-2"):
        bench.store.enqueue("actions", lane)
    bench.threads = WorkerThreads(bench.beat)
    worker.worker_of("actions", bench).work(burst=True, logging_level="ERROR")
    bench.threads.finish()
    assert sorted(served) == ["gitea-1", "gitea-2"]


def test_no_more_jobs_are_taken_than_there_are_free_threads(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go_on, beat = threading.Event(), threading.Event(), threading.Event()

    def serve(ctx: Any, lane: str, first: bool) -> None:
        began.set()
        assert go_on.wait(10)

    monkeypatch.setattr(perform, "perform_with", serve)
    monkeypatch.setattr("jobs.worker_threads._BEAT_S", 0.01)
    for lane in ("gitea-1", "gitea-2"):
        bench.store.enqueue("actions", lane)
    bench.threads = WorkerThreads(beat.set, threads=1)
    working = threading.Thread(target=_work_as_the_worker_does, args=(bench,))
    working.start()
    assert began.wait(10) and beat.wait(10)
    assert bench.store.has_waiting("actions")
    go_on.set()
    working.join(10)
    bench.threads.finish()
    assert not bench.store.has_waiting("actions")


def _work_as_the_worker_does(ctx: Any) -> None:
    """Without RQ's signal handlers, which only a main thread may have."""
    raw = worker.worker_of("actions", ctx).queues[0]
    while job := raw.get_jobs(0, 1):
        raw.remove(job[0])
        job[0].func(*job[0].args)


def test_urgent_jobs_that_an_earlier_version_put_into_the_only_queue_are_handled(bench: Any) -> None:
    bench.store.accept("gitea-7", {"type": "tick", "key": "k"})
    working = worker.worker_of("events", bench)
    [only] = working.queues
    bench.store.client.delete("rq:queue:events")
    only.enqueue_call("jobs.advance.advance_first", args=("gitea-7",), job_id="first-1", result_ttl=0)
    working.work(burst=True, logging_level="ERROR")
    assert bench.store.waiting("gitea-7") == 0


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (Unavailable("the store", "gone"), "warning"),
        (redis.ConnectionError("gone"), "warning"),
        (RuntimeError("ours"), "error"),
    ],
)
def test_a_job_that_fails_is_logged_and_not_kept(
    bench: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, level: str
) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(advance, "drain", fails)
    bench.store.enqueue("events", "gitea-7")
    working = worker.worker_of("events", bench)
    with capture_logs() as logged:
        working.work(burst=True, logging_level="ERROR")
    assert [line["log_level"] for line in logged] == [level]
    assert bench.store.client.keys("rq:job:*") == []


def test_a_job_leaves_no_record_in_rq(bench: Any) -> None:
    bench.store.enqueue("events", "gitea-7")
    working = worker.worker_of("events", bench)
    before = set(bench.store.client.keys("rq:*"))
    working.work(burst=True, logging_level="ERROR")
    assert {name for name in before if name.startswith("rq:job:")}
    assert set(bench.store.client.keys("rq:*")) == {"rq:queues", f"rq:worker:{working.name}"}


def test_a_job_that_takes_too_long_is_interrupted(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advance, "drain", lambda *_: sleep(30))
    monkeypatch.setitem(queue._TIMEOUT_S, "events", 1)
    bench.store.enqueue("events", "gitea-7")
    with capture_logs() as logged:
        worker.worker_of("events", bench).work(burst=True, logging_level="ERROR")
    assert [line["log_level"] for line in logged] == ["error"]


def test_walls_that_do_not_stand_are_known_to_decisions(bench: Any) -> None:
    ctx = bench
    assert ctx.walls() == {}
    ctx.store.alive("agents-1")
    ctx.store.report_walls("agents-1", "refused", "There are none.")
    assert ctx.walls() == {}, "asked now and then only"
    ctx.next_walls = 0.0
    assert ctx.walls() == {"walls": "refused"}
    assert Context.decider(ctx, "gitea-7").policy(ctx.store.load("gitea-7").state)["walls"] == "refused"
    ctx.store.report_walls("agents-1", "walled", "They stand.")
    ctx.next_walls = 0.0
    assert ctx.walls() == {}


def test_a_key_that_has_changed_is_known_to_decisions(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes that decide have no key; those that give it to agents say when it is another one."""
    ctx = bench
    decide = Context.decider(ctx, "gitea-7").policy

    def beat() -> str:
        ctx.next_beat = ctx.next_logins = 0.0
        ctx.beat()
        known = Context.decider(ctx, "gitea-7").policy(ctx.store.load("gitea-7").state)["logins"]
        return str(known.get("claude-code"))

    assert decide(ctx.store.load("gitea-7").state)["logins"] == {} and beat() == "None"
    ctx.gives_logins = True
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-the-first-key-012345")
    first = beat()
    assert beat() == first and "first" not in first
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-the-second-key-012345")
    assert beat() not in (first, "None")
    ctx.store.gone(ctx.process)
    assert ctx.store.logins() == {}


def test_a_worker_of_agents_says_how_they_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    given = {"CALORON_WEBHOOK_SECRET": "s", "GITEA_URL": "http://forge.test", "GITEA_TOKEN": "t"}
    found = tried_walls(Settings.of(given | {"CALORON_HOME": str(tmp_path)}))
    assert found.state == "refused" and "install it" in found.words
