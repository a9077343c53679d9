"""Advancing a lane: in order, each event once, all or nothing, and our mistakes cost one event only."""

import time
from typing import Any

import pytest
from rq.timeouts import JobTimeoutException

from compositions.failure import StageFailed
from jobs import advance
from shell.errors import Unavailable
from shell.store import Lease

LANE = "gitea-7"


def count(turn: dict[str, Any]) -> dict[str, Any]:
    """Write down every event's key, in order."""
    state = turn["state"]
    keys = [*(state.get("queue") or []), turn["events"][0]["key"]]
    return turn | {"state": state | {"queue": keys}, "actions": [], "events": []}


def test_events_are_handled_in_order_and_each_once(bench: Any) -> None:
    bench.routes["tick"], bench.compositions["count"] = "count", count
    for key in ("a", "b", "a", "c"):
        bench.tell({"type": "tick", "key": key})
    assert advance.drain(bench.store, LANE, bench.decider(LANE)) == 4
    assert bench.store.load(LANE).state["queue"] == ["a", "b", "c"]
    assert [entry["seq"] for entry in bench.store.journal(LANE)] == [0, 1, 2]
    bench.tell({"type": "tick", "key": "b"})
    bench.work()
    assert bench.store.load(LANE).state["queue"] == ["a", "b", "c"]


def test_what_takes_long_leaves_the_rest_for_the_lanes_next_turn(bench: Any) -> None:
    def slow(turn: dict[str, Any]) -> dict[str, Any]:
        time.sleep(advance.TURN_S)
        return count(turn)

    bench.routes["tick"], bench.compositions["count"] = "count", slow
    for number in range(6):
        bench.tell({"type": "tick", "key": str(number)})
    bench.store.client.delete("rq:queue:events")
    bench.store.clear_wake_up("events", LANE)
    handled = advance.drain(bench.store, LANE, bench.decider(LANE))
    assert handled < 3 and bench.store.waiting(LANE) == 6 - handled
    assert bench.store.client.llen("rq:queue:events") == 1, "others come first, then this lane again"
    while bench.store.waiting(LANE):
        advance.drain(bench.store, LANE, bench.decider(LANE))
    assert bench.store.load(LANE).state["queue"] == [str(number) for number in range(6)]


def test_a_hint_that_something_changed_is_never_dropped(bench: Any) -> None:
    bench.routes["changed"], bench.compositions["count"] = "count", count
    for _ in range(2):
        bench.tell({"type": "changed", "key": "same"})
    bench.work()
    assert bench.store.load(LANE).state["queue"] == ["same", "same"]


def test_the_differences_of_a_look_take_its_place(bench: Any) -> None:
    bench.routes |= {"seen": "differences", "tick": "count", "issue_comment": "count"}
    comment = {"type": "issue_comment", "key": "comment:1:aa"}
    told = [{"type": "tick", "key": "first"}, comment]
    bench.compositions |= {"differences": lambda turn: turn | {"events": told}, "count": count}
    bench.tell(dict(comment))
    bench.tell({"type": "seen", "key": "seen:x"})
    bench.tell({"type": "tick", "key": "last"})
    bench.work()
    assert bench.store.load(LANE).state["queue"] == ["comment:1:aa", "first", "last"]


def test_an_event_without_composition_is_journalled(bench: Any) -> None:
    bench.tell({"type": "push", "key": "p"})
    bench.work()
    [entry] = bench.store.journal(LANE)
    assert entry["composition"] is None and entry["event"]["key"] == "p"


def test_our_mistake_costs_one_event_and_says_one_line(bench: Any, forge: Any) -> None:
    def breaks(turn: dict[str, Any]) -> dict[str, Any]:
        if turn["events"][0].get("bad"):
            raise KeyError("oh")
        return count(turn)

    bench.routes["issue_comment"], bench.compositions["count"] = "count", breaks
    bench.tell({"type": "issue_comment", "key": "1", "issue_number": 5})
    bench.tell({"type": "issue_comment", "key": "2", "issue_number": 5, "bad": True})
    bench.tell({"type": "issue_comment", "key": "3", "issue_number": 5, "bad": True})
    bench.tell({"type": "issue_comment", "key": "4", "issue_number": 5})
    bench.work()
    assert bench.store.load(LANE).state["queue"] == ["1", "4"]
    letters = bench.store.dead_letters()
    assert {letter["event"]["key"] for letter in letters} == {"2", "3"}
    assert "KeyError" in letters[0]["reason"]
    [comment] = forge.comments
    assert "Internal error, reference" in comment["body"]
    assert any(f"reference {letter['id']}" in comment["body"] for letter in letters)
    failed = bench.store.receipt(letters[0]["event"]["receipt"])
    assert failed and failed["status"] == "failed"


def test_actions_of_a_failed_event_are_not_asked_for(bench: Any) -> None:
    def half(turn: dict[str, Any]) -> dict[str, Any]:
        return turn | {"actions": [{"type": "look", "key": "half"}], "events": [{"type": "bad", "key": "b"}]}

    bench.routes |= {"push": "half", "bad": "missing"}
    bench.compositions["half"] = half
    bench.tell({"type": "push", "key": "s"})
    bench.work()
    assert bench.store.pending_actions(LANE) == []
    assert len(bench.store.dead_letters()) == 1


@pytest.mark.parametrize("in_a_stage", [False, True])
@pytest.mark.parametrize("fault", [Unavailable("the store", "timeout"), JobTimeoutException("after 180 s")])
def test_what_is_no_mistake_of_ours_lets_the_whole_turn_be_taken_anew(
    bench: Any, fault: Exception, in_a_stage: bool
) -> None:
    faults = [fault]

    def interrupted(turn: dict[str, Any]) -> dict[str, Any]:
        if turn["events"][0]["key"] == "second" and faults:
            if in_a_stage:
                raise StageFailed("count", str, "words") from faults.pop()
            raise faults.pop()
        return count(turn)

    bench.routes["tick"], bench.compositions["count"] = "count", interrupted
    bench.tell({"type": "tick", "key": "first"})
    bench.tell({"type": "tick", "key": "second"})
    with pytest.raises(StageFailed if in_a_stage else type(fault)):
        advance.drain(bench.store, LANE, bench.decider(LANE))
    assert bench.store.waiting(LANE) == 2 and bench.store.journal(LANE) == []
    bench.work()
    assert bench.store.load(LANE).state["queue"] == ["first", "second"]
    assert bench.store.dead_letters() == []


def test_a_lane_that_is_held_is_left_alone(bench: Any) -> None:
    bench.tell({"type": "tick", "key": "k"})
    held = bench.store.lease(f"advance:{LANE}")
    assert advance.drain(bench.store, LANE, bench.decider(LANE)) == 0
    held.release()
    assert advance.drain(bench.store, LANE, bench.decider(LANE)) == 1


def test_on_a_conflict_it_is_decided_again(bench: Any) -> None:
    once: list[int] = []

    def meddled(turn: dict[str, Any]) -> dict[str, Any]:
        if not once:
            once.append(1)
            bench.store.client.hincrby(f"lane:{LANE}:meta", "turn", 1)
        return count(turn)

    bench.routes["tick"], bench.compositions["count"] = "count", meddled
    bench.tell({"type": "tick", "key": "k"})
    bench.work()
    assert bench.store.load(LANE).state["queue"] == ["k"]
    assert len(bench.store.journal(LANE)) == 1


def test_an_event_that_comes_as_the_lane_is_given_back_is_not_forgotten(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, late = Lease.release, [{"type": "tick", "key": "late"}]

    def slowly(lease: Lease) -> int:
        if late:
            bench.tell(late.pop())
        return release(lease)

    monkeypatch.setattr(Lease, "release", slowly)
    monkeypatch.setattr(advance, "TURN_S", 60.0)  # so that a slow disk gives no other lane its turn
    bench.tell({"type": "tick", "key": "k"})
    assert advance.drain(bench.store, LANE, bench.decider(LANE)) == 2


def test_the_job_finds_its_lane_through_the_process(bench: Any) -> None:
    bench.tell({"type": "tick", "key": "k"})
    advance.advance(LANE)
    assert bench.store.waiting(LANE) == 0


def test_events_that_tell_each_other_for_ever_are_a_mistake_of_ours(bench: Any) -> None:
    def more(turn: dict[str, Any]) -> dict[str, Any]:
        event = turn["events"][0]
        return turn | {"events": [event | {"n": event["n"] + 1}]}

    bench.routes["told"], bench.compositions["more"] = "more", more
    bench.tell({"type": "told", "key": "t", "n": 1})
    bench.work()
    [letter] = bench.store.dead_letters()
    assert "follow from one another" in letter["reason"]


def test_a_sprint_that_ends_and_leaves_in_one_go_is_kept_as_it_ended(bench: Any) -> None:
    """The end of one sprint is the beginning of the next, which takes the ended one's place."""
    plan = {"t1": {"id": "t1", "status": "InReview"}}
    running = {"id": "shop-1a2b-1", "number": 1, "status": "Running"}

    def begin(turn: dict[str, Any]) -> dict[str, Any]:
        more = {"kickoffs": {"1": running}, "running": 1, "tasks": plan}
        return turn | {"state": turn["state"] | more, "events": []}

    def finish(turn: dict[str, Any]) -> dict[str, Any]:
        done = running | {"status": "Done", "tasks": {"t1": {"id": "t1", "status": "Done"}}}
        state = turn["state"] | {"kickoffs": {"1": done}, "running": None}
        return turn | {"state": state, "events": [{"type": "over", "key": "over"}]}

    def make_room(turn: dict[str, Any]) -> dict[str, Any]:
        return turn | {"state": turn["state"] | {"kickoffs": {}, "tasks": {}}, "events": []}

    bench.routes |= {"begin": "begin", "finish": "finish", "over": "make_room"}
    bench.compositions |= {"begin": begin, "finish": finish, "make_room": make_room}
    for type_ in ("begin", "finish"):
        bench.tell({"type": type_, "key": type_})
        bench.work()
    kept = bench.store.sprint("shop-1a2b-1")
    assert kept["sprint"]["status"] == "Done" and kept["tasks"]["t1"]["status"] == "Done"
    assert bench.store.lane_of("shop-1a2b-1") == LANE
