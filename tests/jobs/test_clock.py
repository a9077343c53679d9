"""The clock: one leads, lost rings are rung again, time comes as events, what is old leaves."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs import snapshot, sweep, ticks, worker
from jobs.clock import Clock
from jobs.disk import watch_disk
from jobs.preload import FOR
from jobs.retention import file_journal
from shell.store import Decision

LANE = "gitea-7"


def become(bench: Any, **state: Any) -> None:
    def put(turn: dict[str, Any]) -> dict[str, Any]:
        return turn | {"state": turn["state"] | turn["events"][0]["state"], "actions": [], "events": []}

    bench.routes["become"], bench.compositions["become"] = "become", put
    bench.tell({"type": "become", "key": f"b{bench.store.load(LANE).turn}", "state": state})
    bench.work()


def queued(bench: Any, queue: str) -> int:
    return int(bench.store.client.llen(f"rq:queue:{queue}"))


def burst(bench: Any, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    working = worker.worker_of(queue, bench)
    monkeypatch.setattr(working, "_install_signal_handlers", lambda: None)
    working.work(burst=True, logging_level="ERROR")


def test_a_lost_ring_is_rung_again(bench: Any) -> None:
    bench.tell({"type": "tick", "key": "k"})
    bench.store.client.delete("rq:queue:events", f"rung:events:{LANE}")
    sweep.sweep(bench)
    assert queued(bench, "events") == 1
    sweep.sweep(bench)
    assert queued(bench, "events") == 1


def test_an_action_is_rung_for_when_it_comes_due(bench: Any) -> None:
    bench.put({"type": "comment", "key": "c", "number": 1, "body": "B", "due_in_s": 60})
    bench.store.client.delete("rq:queue:actions", f"rung:actions:{LANE}")
    sweep.enqueue_due(bench)
    assert queued(bench, "actions") == 0
    bench.store.client.zadd("caloron:due", {LANE: 1})
    sweep.enqueue_due(bench)
    assert queued(bench, "actions") == 1


def test_a_state_that_was_not_shown_is_rung_for(bench: Any) -> None:
    loaded, lease = bench.store.load(LANE), bench.store.lease("x")
    bench.store.client.sadd("caloron:lanes", LANE)
    bench.store.commit(LANE, loaded, Decision(loaded.state | {"queue": [1]}, {"queue": "[1]"}), lease.token)
    bench.store.client.delete("rq:queue:actions", f"rung:actions:{LANE}")
    sweep.sweep(bench)
    assert queued(bench, "actions") == 1


def test_a_running_sprint_is_told_the_time_and_its_agents_health(bench: Any) -> None:
    become(bench, sprint={"id": "shop-1a2b-3", "status": "Running"})
    told = {"sprint_id": "shop-1a2b-3", "task_id": "t1", "agent_id": "a", "attempt": 2}
    bench.put({"type": "spawn_agent", "key": "run"} | told)
    bench.work()
    bench.store.claim_run(LANE, "run", "w")
    bench.store.heartbeat("a", "shop-1a2b-3")
    ticks.tick(bench)
    [event] = bench.store.inbox(LANE, 9)
    assert (event["type"], event["reconcile"]) == ("tick", False)
    assert event["agents"]["a"]["attempt"] == 2 and event["agents"]["a"]["last_heartbeat_at"]


def test_lanes_are_told_once_that_disk_space_is_short_and_once_that_it_is_enough(bench: Any) -> None:
    become(bench, sprint={"id": "shop-1a2b-3", "status": "Running"})
    enough = bench.settings
    watch_disk(bench)
    assert bench.store.waiting(LANE) == 0
    bench.settings = enough.model_copy(update={"disk_reserve_mb": 10**9})
    watch_disk(bench)
    watch_disk(bench)
    first, again = bench.store.inbox(LANE, 9)
    assert first["short_of_space"] is True and first["key"] == again["key"], "the second one is dropped"
    become(bench, short_of_space=True)
    watch_disk(bench)
    assert bench.store.waiting(LANE) == 0
    bench.settings = enough
    watch_disk(bench)
    watch_disk(bench)
    assert [one["short_of_space"] for one in bench.store.inbox(LANE, 9)] == [False]


def test_a_lane_at_rest_hears_no_tick_but_is_reconciled(bench: Any) -> None:
    become(bench, sprint={"id": "shop-1a2b-3", "status": "Done"})
    ticks.tick(bench)
    assert bench.store.waiting(LANE) == 0
    ticks.reconcile(bench)
    assert [event["reconcile"] for event in bench.store.inbox(LANE, 9)] == [True]


def test_repositories_that_never_spoke_are_met_once(bench: Any) -> None:
    bench.store.client.flushdb()
    for _ in range(2):
        ticks.discover(bench)
    for lane, name in (("gitea-7", "acme/shop"), ("gitea-8", "acme/site")):
        [event] = bench.store.inbox(lane, 9)
        assert (event["type"], event["object"], event["hint"]) == ("changed", "repository", "reconcile")
        assert event["repo"] == name and bench.repo(lane) == name


@pytest.fixture
def nothing_to_discover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.clock.discover", lambda ctx: None)


@pytest.mark.usefixtures("nothing_to_discover")
def test_one_clock_leads_and_another_takes_over(bench: Any) -> None:
    first, second = Clock(bench), Clock(bench)
    first.step(0.0)
    second.step(0.0)
    assert [clock.lease is not None for clock in (first, second)] == [True, False]
    bench.store.client.delete("lease:clock")
    second.step(10.0)
    first.step(10.0)
    assert [clock.lease is not None for clock in (first, second)] == [False, True]
    assert "test" in bench.store.health()["processes"]


@pytest.mark.usefixtures("nothing_to_discover")
def test_a_clock_that_leads_does_its_duties(bench: Any) -> None:
    bench.tell({"type": "tick", "key": "k"})
    bench.store.client.delete("rq:queue:events", f"rung:events:{LANE}")
    Clock(bench).step(0.0)
    assert queued(bench, "events") == 1
    assert [event.get("reconcile") for event in bench.store.inbox(LANE, 9)] == [None, True]


def test_a_sprint_that_changed_gets_its_file(bench: Any) -> None:
    tasks = {"t1": {"id": "t1", "agent_id": "a", "status": "Ready", "intervention_count": 2}}
    since = "2026-01-01T00:00:00.000Z"
    become(bench, running=3, kickoffs={"3": {"id": "shop-1a2b-3"}}, tasks=tasks, marks={"since": since})
    written: snapshot.Written = {}
    snapshot.snapshot(bench, written)
    [file] = Path(bench.settings.kv_dir).iterdir()
    told = json.loads(file.read_text())
    assert file.name == "shop-1a2b-3.json"
    assert told["state"]["tasks"] == tasks and told["since"] == since
    assert told["interventions"] == {"a": {"count": 2}}
    file.unlink()
    snapshot.snapshot(bench, written)
    assert not file.exists()


def test_a_sprint_with_a_bad_id_gets_no_file(bench: Any) -> None:
    state: Any = {"sprint": {"id": "../escaped"}}
    assert snapshot.write_file(bench.settings.kv_dir, state) is None


def test_old_journal_entries_go_to_a_file(bench: Any) -> None:
    for key in ("a", "b"):
        bench.tell({"type": "tick", "key": key})
    bench.work()
    assert file_journal(bench, LANE, "2000-01-01T00:00:00.000Z") == 0
    assert file_journal(bench, LANE, "9000-01-01T00:00:00.000Z") == 2
    lines = (bench.settings.home / "journals" / f"{LANE}.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"]["key"] for line in lines] == ["a", "b"]
    bench.tell({"type": "tick", "key": "c"})
    bench.work()
    assert [entry["seq"] for entry in bench.store.journal(LANE)] == [2]
    assert bench.store.journal_faults(LANE) == []


def test_workers_take_the_rings_and_tell_that_they_live(
    bench: Any, forge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.routes["hello"] = "greet"
    greeting = {"type": "comment", "key": "c", "number": 1, "body": "Hello"}
    bench.compositions["greet"] = lambda turn: turn | {"actions": [greeting], "events": []}
    bench.tell({"type": "hello", "key": "h"})
    for queue in ("events", "actions", "events"):
        burst(bench, queue, monkeypatch)
    assert forge.asked("comment") == 1
    assert len(bench.journalled("performed")) == 1
    assert "test" in bench.store.health()["processes"]
    assert [queued(bench, queue) for queue in ("events", "agents")] == [0, 0]


@pytest.mark.parametrize("queue", ["events", "actions", "agents"])
def test_what_a_worker_needs_can_be_loaded_beforehand(bench: Any, queue: str) -> None:
    FOR[queue](bench)
