"""Runs of agents in a real worker: told from begin to end, never repeated, dying with their worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from jobs import attempt, sweep
from jobs.child import in_child
from shell.agent.feedback import read_feedback
from shell.agent.paths import Paths
from shell.agent.quota import why_none
from shell.errors import Unavailable
from tests.waiting import LIMIT_S, until

LANE = "gitea-7"
ROOT = Path(__file__).parents[2]


def lives(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.fixture
def worker(bench: Any) -> Iterator["subprocess.Popen[bytes]"]:
    settings = bench.settings
    told = {
        "CALORON_WEBHOOK_SECRET": "s",
        "GITEA_URL": "http://forge.test",
        "GITEA_TOKEN": "t",
        "CALORON_REPOS": "acme/*",
        "REDIS_URL": settings.redis_url,
        "CALORON_HOME": str(settings.home),
        "PYTHONPATH": str(ROOT),
        "CALORON_PROCESS": "agents-1",
    }
    program = [sys.executable, str(Path(__file__).with_name("agents_program.py"))]
    process = subprocess.Popen(program, env=os.environ | told, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def spawn(bench: Any, task: str = "works", number: int = 1) -> str:
    key = f"spawn:{task}:{number}"
    told = {"sprint_id": "s", "task_id": task, "agent_id": f"a-{task}", "attempt": number}
    bench.put({"type": "spawn_agent", "key": key} | told)
    bench.work()
    return key


def finished(bench: Any) -> dict[str, Any] | None:
    events = bench.store.inbox(LANE, 9)
    return next((event for event in events if event["type"] == "agent_finished"), None)


def test_a_run_is_told_from_beginning_to_end(bench: Any, worker: Any) -> None:
    spawn(bench)
    end = until(lambda: finished(bench))
    started = bench.store.inbox(LANE, 9)[0]
    assert (started["type"], started["task_id"], started["attempt"]) == ("agent_started", "works", 1)
    assert started["pid"] != worker.pid
    assert (end["outcome"], end["pr_number"], end["changed"]) == ("done", 5, [])
    assert until(lambda: "agents-1" in bench.store.health()["processes"])


def test_the_last_line_of_a_run_is_told_with_its_next_sign(bench: Any) -> None:
    told = []

    def run(spec: Any, forge: Any, ctx: Any, report: Any) -> Any:
        report.output("Shall I go on?")
        report.output("  ")
        report.heartbeat("2026-01-01T00:00:00.000Z")
        told.append(bench.store.agents_health()[LANE]["a-works"]["last_line"])
        return {"outcome": "done"}

    attempt.attempt_with(bench, LANE, spawn(bench), run)
    assert told == ["Shall I go on?"]


@pytest.mark.skipif(why_none() is not None, reason=f"runs have no own disks: {why_none()}")
def test_a_run_may_mount_what_nobody_else_sees(
    bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    spec: Any = {"repo": "acme/shop", "base": "main"}
    forge, report = Mock(), Mock()

    def run(spec: Any, forge: Any, paths: Paths, *of_report: Any) -> Any:
        told.write_text(f"{paths.own_disks} {os.readlink('/proc/self/ns/mnt')}")

    monkeypatch.setattr("shell.agent.run.run_attempt", run)

    def work() -> None:
        attempt.run_agent(spec, forge, bench, report)

    code = in_child(work, lambda: None, 0.1)
    may, where = told.read_text().split()
    assert (code, may) == (0, "True") and where != os.readlink("/proc/self/ns/mnt")


def test_our_mistake_in_a_run_is_a_crash_with_words(bench: Any, worker: Any) -> None:
    spawn(bench, "breaks")
    end = until(lambda: finished(bench))
    [letter] = bench.store.dead_letters()
    assert end["outcome"] == "crashed" and letter["id"] in end["reason"]


def test_a_run_that_is_told_to_stop_stops(bench: Any, worker: Any) -> None:
    spawn(bench, "hangs")
    until(bench.store.agents)
    assert until(lambda: bench.store.stop_run(LANE, "s", "hangs", 1))
    assert until(lambda: finished(bench))["outcome"] == "stopped"


def test_a_killed_run_is_told_at_once(bench: Any, worker: Any) -> None:
    spawn(bench, "hangs")
    pid = until(lambda: [agent["pid"] for agent in bench.store.agents() if agent["pid"]])[0]
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: finished(bench))["outcome"] == "crashed"


def test_a_run_dies_with_its_worker_and_is_not_done_again(bench: Any, worker: Any) -> None:
    key = spawn(bench, "hangs")
    pid = until(lambda: [agent["pid"] for agent in bench.store.agents() if agent["pid"]])[0]
    worker.kill()
    until(lambda: not lives(pid))
    sweep.sweep_runs(bench)
    assert finished(bench) is None
    bench.store.client.hset(f"lane:{LANE}:run:{key}", "until_ms", 1)
    sweep.sweep_runs(bench)
    end = finished(bench)
    assert end and end["outcome"] == "crashed" and end["attempt"] == 1
    assert bench.store.claim_run(LANE, key, "another") is None


def test_the_lease_is_renewed_while_the_run_lasts(bench: Any, worker: Any) -> None:
    key = spawn(bench, "hangs")
    run = f"lane:{LANE}:run:{key}"
    until(lambda: bench.store.client.hget(run, "pid"))
    first = bench.store.client.hget(run, "until_ms")
    assert until(lambda: bench.store.client.hget(run, "until_ms") > first)
    bench.store.stop_run(LANE, "s", "hangs")
    until(lambda: finished(bench))


def test_a_worker_that_is_told_to_end_finishes_its_run(bench: Any, worker: Any) -> None:
    spawn(bench, "hangs")
    until(lambda: [agent["pid"] for agent in bench.store.agents() if agent["pid"]])
    worker.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.3)
    bench.store.stop_run(LANE, "s", "hangs")
    assert until(lambda: finished(bench))["outcome"] == "stopped"
    worker.wait(LIMIT_S)


def test_a_run_that_was_stopped_before_it_began_is_not_begun(bench: Any) -> None:
    key = spawn(bench)
    bench.store.stop_run(LANE, "s", "works")

    def run(*_: Any) -> Any:
        raise AssertionError("it must not run")

    attempt.attempt_with(bench, LANE, key, run)
    end = finished(bench)
    assert end and end["outcome"] == "stopped"


def test_half_a_sign_in_feedback_does_not_cost_a_good_run(bench: Any) -> None:
    key = spawn(bench)
    said = 'CALORON_FEEDBACK_START {"notes": "\\ud800"} CALORON_FEEDBACK_END'

    def run(*_: Any) -> Any:
        return {"outcome": "done", "feedback": read_feedback(said)}

    attempt.attempt_with(bench, LANE, key, run)
    end = finished(bench)
    assert end and (end["outcome"], end["feedback"]) == ("done", {"notes": "\ufffd"})


def test_a_lost_job_of_a_queued_run_is_rung_again(bench: Any) -> None:
    key = spawn(bench)
    sweep.sweep_runs(bench)
    assert bench.store.client.llen("rq:queue:agents") == 1
    bench.store.client.delete("rq:queue:agents")
    sweep.sweep_runs(bench)
    assert bench.store.client.llen("rq:queue:agents") == 1
    assert bench.store.claim_run(LANE, key, "w")


def test_no_run_begins_where_disk_space_is_short(bench: Any) -> None:
    key = spawn(bench)
    bench.settings = bench.settings.model_copy(update={"disk_reserve_mb": 10**9})
    attempt.attempt(LANE, key)
    assert bench.store.run(LANE, key)["status"] == "queued", "it waits; the sweep enqueues it again"


def test_a_store_that_is_away_for_a_moment_costs_a_run_nothing(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, gone = spawn(bench), [Unavailable("the store", "gone") for _ in range(4)]
    monkeypatch.setattr(attempt, "_PAUSES_S", (0.0, 0.0))

    def run(spec: Any, forge: Any, ctx: Any, report: Any) -> Any:
        for verb in ("run_sign", "start_run", "run_may_go_on", "finish_run"):
            real = getattr(bench.store, verb)
            monkeypatch.setattr(bench.store, verb, _once_away(gone, real))
        report.heartbeat("2026-01-01T00:00:00.000Z")
        report.started(1)
        assert report.may_go_on()
        return {"outcome": "done"}

    attempt.attempt_with(bench, LANE, key, run)
    end = finished(bench)
    assert end and end["outcome"] == "done"
    assert gone == []


def _once_away(gone: list[Unavailable], real: Callable[..., Any]) -> Callable[..., Any]:
    first = [gone[0]]

    def call(*given: Any, **named: Any) -> Any:
        if first:
            gone.pop()
            raise first.pop()
        return real(*given, **named)

    return call
