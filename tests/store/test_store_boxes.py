"""Inbox, outbox, leases, runs: nothing is lost, nothing is done twice, what is new replaces what waits."""

import os
import shlex
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from shell.errors import Unavailable
from shell.queue import QUEUES
from shell.store import Decision, Store, connect

LANE = "gitea-7"
Loose = Any
"""A store that gets only what it looks at itself of an event, an action or a run."""


def put(store: Loose, *actions: Any) -> None:
    loaded, lease = store.load(LANE), store.lease("advance:" + LANE)
    assert lease
    assert store.commit(LANE, loaded, Decision(loaded.state, actions=list(actions)), lease.token)
    lease.release()


def jobs(store: Loose, queue: str) -> int:
    return int(store.client.llen(f"rq:queue:{queue}"))


def lanes_in(valkey: str, queue: str) -> list[str]:
    """The lanes of a queue, in the order in which they are served."""
    client = connect(valkey, decode_responses=False)
    waiting = Queue(queue, connection=client, serializer=JSONSerializer)
    return [job.args[0] for job in waiting.get_jobs()]


def test_events_enqueue_one_job_until_a_worker_begins_with_it(store: Loose) -> None:
    for number in range(5):
        store.accept(LANE, {"type": "tick", "key": str(number)})
    assert jobs(store, "events") == 1
    store.clear_wake_up("events", LANE)
    store.accept(LANE, {"type": "tick", "key": "after"})
    assert jobs(store, "events") == 2
    assert store.waiting(LANE) == 6


def test_a_wake_up_is_a_json_job_with_the_lane_alone(store: Loose, valkey: str) -> None:
    store.accept(LANE, {"type": "tick", "key": "k"})
    queue = Queue("events", connection=connect(valkey, decode_responses=False), serializer=JSONSerializer)
    [job] = queue.jobs
    assert (job.func_name, job.args, job.result_ttl) == ("jobs.advance.advance", [LANE], 0)


def test_many_doors_at_once_keep_every_event(store: Loose, valkey: str) -> None:
    def deliver(door: int) -> None:
        mine: Loose = Store(connect(valkey))
        for number in range(20):
            mine.accept(LANE, {"type": "tick", "key": f"{door}.{number}"})

    doors = [threading.Thread(target=deliver, args=(door,)) for door in range(4)]
    for door in doors:
        door.start()
    for door in doors:
        door.join()
    assert len({event["key"] for event in store.inbox(LANE, 200)}) == 80


def test_receipts_say_what_became_of_a_delivery(store: Loose) -> None:
    kept = store.receipt(store.accept(LANE, {"type": "changed", "key": "k"}))
    ignored = store.receipt(store.note_ignored({"type": "ignored"}, "a ping"))
    dead = store.receipt(store.dead_letter(b"\xff{", {"X-Event": "push", "Authorization": "s"}, "no JSON"))
    assert kept and ignored and dead
    assert [kept["status"], ignored["status"], dead["status"]] == ["queued", "ignored", "dead_letter"]
    assert (kept["lane"], ignored["reason"], dead["reason"]) == (LANE, "a ping", "no JSON")
    [letter] = store.dead_letters()
    assert letter["headers"] == {"X-Event": "push"}
    assert store.receipt("none") is None


def test_reactions_go_first_and_the_rest_in_order(store: Loose) -> None:
    put(store, {"type": "look", "key": "a"}, {"type": "comment", "key": "b"})
    put(store, {"type": "react", "key": "c"}, {"type": "look", "key": "a", "what": "issue"})
    due = store.due_actions(LANE)
    assert [taken.key for taken in due] == ["c", "a", "b"]
    assert due[1].action["what"] == "issue"


def test_an_action_put_again_while_it_is_done_is_done_again(store: Loose) -> None:
    put(store, {"type": "look", "key": "a"})
    [taken] = store.due_actions(LANE)
    put(store, {"type": "look", "key": "a", "newer": True})
    store.answer(LANE, taken, {"type": "seen", "key": "seen:a:1"})
    [again] = store.due_actions(LANE)
    assert again.action["newer"] and again.seq != taken.seq
    store.answer(LANE, again, {"type": "seen", "key": "seen:a:2"})
    assert store.due_actions(LANE) == [] and store.pending_actions(LANE) == []
    assert [event["key"] for event in store.inbox(LANE, 9)] == ["seen:a:1", "seen:a:2"]


@pytest.mark.parametrize(
    ("tries", "order"),
    [
        ({}, ["look", "said", "close", "other"]),
        ({"count": 1}, ["look", "other", "said", "close"]),
        ({"count": 1, "host": "forge.test"}, ["look", "close", "other", "said"]),
    ],
)
def test_what_failed_lets_others_go_first_and_keeps_the_order_on_one_thing(
    store: Loose, tries: dict[str, Any], order: list[str]
) -> None:
    put(
        store,
        {"type": "comment", "key": "said", "number": 1},
        {"type": "close_issue", "key": "close", "number": 1},
        {"type": "comment", "key": "other", "number": 2},
        {"type": "look", "key": "look", "what": "issue", "number": 1},
    )
    [said] = [taken for taken in store.due_actions(LANE) if taken.key == "said"]
    store.postpone(LANE, said, 0, tries)
    assert [taken.key for taken in store.due_actions(LANE)] == order


@pytest.mark.parametrize(
    "pair",
    [
        [{"type": "create_issue", "task_id": "b"}, {"type": "create_issue", "task_id": "a"}],
        [{"type": "spawn_agent", "task_id": "a"}, {"type": "stop_agent", "task_id": "a"}],
        [{"type": "react", "comment_id": 3}, {"type": "react", "comment_id": 3}],
        [{"type": "merge_pr", "pr_number": 3}, {"type": "update_branch", "pr_number": 3}],
    ],
)
def test_what_is_done_to_one_thing_keeps_its_order_where_the_first_failed(
    store: Loose, pair: list[dict[str, Any]]
) -> None:
    put(store, *(action | {"key": key} for action, key in zip(pair, "xy", strict=True)))
    first, _ = store.due_actions(LANE)
    store.postpone(LANE, first, 0, {"count": 3})
    assert [taken.key for taken in store.due_actions(LANE)] == ["x", "y"]


def test_an_action_that_is_put_again_keeps_its_tries_until_it_is_answered(store: Loose) -> None:
    look = {"type": "look", "key": "a"}
    put(store, look)
    store.postpone(LANE, store.due_actions(LANE)[0], 60, {"count": 4})
    put(store, look)
    [again] = store.due_actions(LANE)
    assert again.tries == {"count": 4}
    store.answer(LANE, again)
    put(store, look)
    assert store.due_actions(LANE)[0].tries == {}


def test_what_is_due_later_waits(store: Loose) -> None:
    put(store, {"type": "look", "key": "later", "due_in_s": 60})
    assert store.due_actions(LANE) == []
    due = store.next_due(LANE)
    assert due and store.lanes_due() == []
    put(store, {"type": "look", "key": "now"})
    assert store.lanes_due() == [LANE]
    assert store.lanes_due() == []


def test_a_lease_has_one_holder_and_a_token_that_grows(store: Loose) -> None:
    first = store.lease("x")
    assert first and store.lease("x") is None and first.renew()
    assert store.holder("x") == first.holder and first.holder.endswith(f":{os.getpid()}")
    first.release()
    assert store.holder("x") is None
    second = store.lease("x")
    assert second and second.token > first.token
    assert not first.renew() and first.lost
    first.release()
    assert store.lease("x") is None


def spec(key: str, attempt: int = 1) -> dict[str, Any]:
    return {"type": "spawn_agent", "key": key, "sprint_id": "s", "task_id": "t", "agent_id": "a"} | {
        "attempt": attempt
    }


def queue_run(store: Loose, key: str, attempt: int = 1) -> Any:
    put(store, spec(key, attempt))
    [taken] = store.due_actions(LANE)
    assert store.queue_run(LANE, taken, spec(key, attempt))
    return taken


def test_a_run_is_claimed_once_and_ends_once(store: Loose) -> None:
    taken = queue_run(store, "run:1")
    assert jobs(store, "agents") == 1 and store.pending_actions(LANE) == []
    assert store.claim_run(LANE, "run:1", "w") == spec("run:1")
    assert store.claim_run(LANE, "run:1", "w") is None
    assert store.finish_run(LANE, "run:1", {"type": "agent_finished", "key": "f", "outcome": "done"})
    assert not store.finish_run(LANE, "run:1", {"type": "agent_finished", "key": "f", "outcome": "crashed"})
    assert store.claim_run(LANE, "run:1", "w") is None
    assert not store.renew_run(LANE, "run:1")
    assert not store.queue_run(LANE, taken, spec("run:1"))
    assert [event["outcome"] for event in store.inbox(LANE, 9)] == ["done"]


def test_a_run_that_is_not_current_may_not_go_on(store: Loose) -> None:
    queue_run(store, "run:1")
    store.claim_run(LANE, "run:1", "w")
    assert store.run_may_go_on(LANE, "run:1")
    queue_run(store, "run:2", attempt=2)
    store.claim_run(LANE, "run:2", "w")
    assert not store.run_may_go_on(LANE, "run:1") and store.run_may_go_on(LANE, "run:2")
    assert not store.stop_run(LANE, "s", "t", attempt=1)
    assert store.stop_run(LANE, "s", "t", attempt=2)
    assert not store.run_may_go_on(LANE, "run:2")


def test_words_for_a_run_are_left_once_and_in_their_order(store: Loose) -> None:
    def tell(key: str, text: str, attempt: int = 1) -> bool:
        action = {"type": "tell_agent", "key": key, "sprint_id": "s", "task_id": "t", "text": text}
        return bool(store.tell_run(LANE, action | {"attempt": attempt}))

    assert not tell("t0", "before there is a run")
    queue_run(store, "run:1")
    assert tell("t1", "while it waits") and tell("t1", "while it waits")
    store.claim_run(LANE, "run:1", "w")
    assert tell("t2", "one") and tell("t3", "two") and tell("t2", "one")
    assert not tell("t4", "of another attempt", attempt=2)
    assert store.told_run(LANE, "run:1", 0) == ["while it waits", "one", "two"]
    assert store.told_run(LANE, "run:1", 2) == ["two"]
    store.finish_run(LANE, "run:1", {"type": "agent_finished", "key": "f", "outcome": "done"})
    assert not tell("t5", "too late")


def test_agents_are_told_with_their_signs_of_life(store: Loose) -> None:
    queue_run(store, "run:1")
    store.claim_run(LANE, "run:1", "w")
    store.start_run(LANE, "run:1", {"type": "agent_started", "key": "st"}, 4711)
    store.heartbeat("a", "s", status="thinking")
    [agent] = store.agents()
    assert (agent["agent_id"], agent["pid"], agent["alive"]) == ("a", 4711, True)
    health = store.agents_health()[LANE]["a"]
    assert health["attempt"] == 1 and health["last_heartbeat_at"] == agent["last_heartbeat"]


def test_a_store_that_is_away_says_so_in_time() -> None:
    away = Store(connect("unix:///tmp/there-is-no-such-socket", socket_timeout=1.0))
    for call in (away.health, away.lanes, lambda: away.accept(LANE, {"type": "tick"})):
        with pytest.raises(Unavailable, match="store"):
            call()


def test_health_tells_queues_and_processes(store: Loose) -> None:
    store.alive("web")
    store.accept(LANE, {"type": "tick", "key": "k"})
    health = store.health()
    assert health["ok"] and set(health["queue_age_s"]) == {*QUEUES, "inboxes", "outboxes"}
    assert health["processes"]["web"] < 5
    store.report_walls("web", "off", "They are off.")
    store.report_walls("another that never lived", "off", "They are off.")
    assert store.health()["walls"] == {"web": {"state": "off", "words": "They are off."}}
    store.gone("web")
    health = store.health()
    assert health["processes"] == health["walls"] == {}


def test_a_framework_is_not_here_where_no_living_process_has_it(store: Loose) -> None:
    assert store.not_here() == {}
    for process in ("one", "other"):
        store.alive(process)
        store.report_not_here(process, {"aider": "install it"})
    assert store.not_here() == {"aider": "install it"}
    store.report_not_here("one", {"aider": "install it", "codex-cli": "install that"})
    assert store.not_here() == {"aider": "install it"}
    store.report_not_here("other", {})
    assert store.not_here() == {}
    store.gone("other")
    assert set(store.not_here()) == {"aider", "codex-cli"}


def test_what_someone_waits_for_is_enqueued_once_as_urgent(store: Loose, valkey: str) -> None:
    store.set_account("gitea", {"login": "bot", "id": 1})
    ours = {"type": "changed", "key": "1", "actor_id": 1}
    store.accept(LANE, dict(ours))
    store.accept("gitea-8", ours | {"key": "2"})
    store.accept("gitea-9", ours | {"key": "3", "actor_id": 2})
    store.accept("gitea-9", ours | {"key": "4", "actor_id": 2})
    store.accept("gitea-10", ours | {"key": "5", "actor_id": 2})
    assert lanes_in(valkey, "events-urgent") == ["gitea-9", "gitea-10"]
    assert lanes_in(valkey, "events") == [LANE, "gitea-8"]


def test_first_the_sign_then_what_a_sprint_waits_for_then_the_words_on_it(store: Loose) -> None:
    kinds = ["comment", "close_issue", "create_issue", "react", "spawn_agent"]
    put(store, *({"type": kind, "key": kind} for kind in kinds))
    due = [taken.key for taken in store.due_actions(LANE)]
    assert due == ["react", "create_issue", "spawn_agent", "comment", "close_issue"]


def test_health_ages_the_oldest_event_of_all_inboxes_and_the_oldest_overdue_action(store: Loose) -> None:
    def ages() -> tuple[int, int]:
        told = store.health()["queue_age_s"]
        return round(told["inboxes"] / 100), round(told["outboxes"] / 100)

    assert ages() == (0, 0)
    long_ago = datetime.now(UTC) - timedelta(seconds=500)
    store.accept(LANE, {"type": "tick", "key": "new"})
    store.accept("gitea-8", {"type": "tick", "key": "old", "at": long_ago.isoformat()})
    store.accept("gitea-8", {"type": "tick", "key": "newer"})
    put(store, {"type": "comment", "key": "late"}, {"type": "comment", "key": "later", "due_in_s": 900})
    due = int(long_ago.timestamp() * 1000)
    store.client.zadd(f"lane:{LANE}:outbox:due", {"late": due})
    assert ages() == (5, 5)
    store.set_away(LANE, {"host": "forge.test", "until_ms": due + 10_000_000}, None)
    assert ages() == (5, 0)
    store.set_away(LANE, {"host": "forge.test", "until_ms": due + 300_000}, None)
    assert ages() == (5, 2)


@pytest.mark.parametrize("urgent", [False, True])
def test_health_ages_the_oldest_job_of_each_queue(store: Loose, urgent: bool) -> None:
    queue = "events-urgent" if urgent else "events"
    for number in range(3):
        actor = {"actor_id": 5} if urgent else {}
        store.accept(f"gitea-{number}", {"type": "tick", "key": "k"} | actor)
    [oldest] = store.client.lrange(f"rq:queue:{queue}", 0, 0)
    at = datetime.now(UTC) - timedelta(seconds=500)
    store.client.hset(f"rq:job:{oldest}", "enqueued_at", at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    ages = store.health()["queue_age_s"]
    assert round(ages.pop(queue) / 100) == 5
    assert max(ages.values()) < 50
    store.client.delete(f"rq:queue:{queue}")
    assert store.health()["queue_age_s"][queue] == 0.0


def test_a_transaction_declares_every_key_that_it_touches(store: Loose, valkey: str) -> None:
    with connect(valkey).monitor() as monitor:
        store.accept(LANE, {"type": "changed", "key": "k", "repo": "acme/shop", "repo_id": 7, "actor_id": 5})
        put(store, {"type": "look", "key": "a"}, {"type": "spawn_agent", "key": "b"})
        [look, spawn] = store.due_actions(LANE)
        store.postpone(LANE, look, 0, {})
        store.answer(LANE, look, {"type": "seen", "key": "seen:a"})
        store.queue_run(LANE, spawn, spec("b"))
        store.claim_run(LANE, "b", "w")
        store.start_run(LANE, "b", {"type": "agent_started", "key": "st"}, 1)
        store.finish_run(LANE, "b", {"type": "agent_finished", "key": "f", "outcome": "done"})
        store.client.echo("done")
        called = []
        for command in monitor.listen():
            words = shlex.split(command["command"])
            if words[0] == "ECHO":
                break
            called.append((command["client_type"], words))
    scripts = [
        (place, words) for place, (kind, words) in enumerate(called) if words[0] in ("EVALSHA", "EVAL")
    ]
    touched = 0
    for place, words in scripts:
        declared = set(words[3 : 3 + int(words[2])])
        for kind, inner in called[place + 1 :]:
            if kind != "lua":
                break
            assert inner[1] in declared, f"{inner[0]} touches {inner[1]}, which is not declared"
            touched += 1
    assert len(scripts) > 8 and touched > 50
    store.client.connection_pool.disconnect()


def test_a_command_whose_keys_are_not_known_is_refused(store: Loose) -> None:
    tx = store._transaction()
    tx.block().delete("one", "two")
    with pytest.raises(ValueError, match="DEL"):
        tx.run()
