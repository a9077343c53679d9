"""Lanes in the store: what a drain came to is kept whole or not at all, and can be proved."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shell.store import Decision, Fenced, Loaded, Store
from shell.store.fields import differences, texts

LANE = "gitea-7"
State = Any
"""A state with just what the store must keep."""


def decided(loaded: Loaded, state: State, **more: Any) -> Decision:
    return Decision(state, texts(differences(loaded.state, state)), **more)


def fence(store: Store) -> int:
    lease = store.lease("advance:" + LANE)
    assert lease
    lease.release()
    return lease.token


def test_a_commit_moves_everything_at_once(store: Store) -> None:
    receipt = store.accept(LANE, {"type": "tick", "key": "k1"})
    store.accept(LANE, {"type": "tick", "key": "k2"})
    loaded = store.load(LANE)
    kickoffs = {"3": {"id": "shop-1a2b-3"}}
    state: State = loaded.state | {"kickoffs": kickoffs, "tasks": {"t1": {"id": "t1"}}}
    policy: Any = {"a": 1}
    whole = decided(
        loaded,
        state,
        consumed=store.inbox(LANE, 1),
        keys={"k1": None},
        actions=[{"type": "look", "key": "look:1", "what": "repository"}],
        entries=[{"event": {"type": "tick"}, "now": "2026-01-01T00:00:00.000Z", "policy": policy}],
    )
    assert store.commit(LANE, loaded, whole, fence(store))

    other = Store(store.client).load(LANE)
    assert other.state == state
    assert (other.version, other.seq) == (1, 1)
    assert [event["key"] for event in store.inbox(LANE, 9)] == ["k2"]
    assert store.seen(LANE, ["k1", "k2"]) == {"k1"}
    assert [taken.key for taken in store.due_actions(LANE)] == ["look:1"]
    told = store.receipt(receipt)
    assert told and told["status"] == "done"
    assert store.lane_of("shop-1a2b-3") == LANE
    assert store.journal(LANE)[0]["policy"] == policy


def test_whoever_was_slower_decides_again(store: Store) -> None:
    loaded = store.load(LANE)
    token = fence(store)
    assert store.commit(LANE, loaded, decided(loaded, loaded.state | {"queue": [1]}), token)
    late = decided(loaded, loaded.state | {"queue": [2]}, actions=[{"type": "look", "key": "late"}])
    assert not store.commit(LANE, loaded, late, token)
    state: State = store.load(LANE).state
    assert state["queue"] == [1]
    assert store.due_actions(LANE) == []


def test_a_holder_that_was_replaced_may_not_write(store: Store) -> None:
    old, new = fence(store), fence(store)
    loaded = store.load(LANE)
    assert store.commit(LANE, loaded, decided(loaded, loaded.state | {"queue": [1]}), new)
    again = store.load(LANE)
    with pytest.raises(Fenced):
        store.commit(LANE, again, decided(again, again.state | {"queue": [2]}), old)


def test_only_what_changed_is_written(store: Store) -> None:
    loaded = store.load(LANE)
    many = {f"t{n}": {"id": f"t{n}", "status": "Pending"} for n in range(50)}
    store.commit(LANE, loaded, decided(loaded, loaded.state | {"tasks": many}), fence(store))
    loaded = store.load(LANE)
    state = loaded.state | {"tasks": {**loaded.state["tasks"], "t3": {"id": "t3", "status": "Ready"}}}
    assert set(differences(loaded.state, state)) == {"tasks/t3"}


def test_an_unchanged_state_is_not_read_again(store: Store) -> None:
    loaded = store.load(LANE)
    store.commit(LANE, loaded, decided(loaded, loaded.state | {"tasks": {"a": {"n": 1}}}), fence(store))
    first = store.load(LANE)
    assert store.load(LANE).state is first.state
    beside = Store(store.client)
    seen = beside.load(LANE)
    more = {**seen.state["tasks"], "b": {"n": 2}}
    beside.commit(LANE, seen, decided(seen, seen.state | {"tasks": more}), fence(store))
    after: State = store.load(LANE).state
    assert after["tasks"] == {"a": {"n": 1}, "b": {"n": 2}}
    assert after["tasks"]["a"] is first.state["tasks"]["a"]


ENTRY: dict[str, Any] = {
    "now": "2026-01-01T00:00:00.000Z", "composition": None, "code": "", "changed": [], "state_hash": "",
    "actions": [], "trace": [],
}  # fmt: skip


def test_a_tampered_journal_is_found(store: Store) -> None:
    for number in range(3):
        loaded = store.load(LANE)
        entries: Any = [ENTRY | {"event": {"n": number}}]
        store.commit(LANE, loaded, Decision(loaded.state, entries=entries), fence(store))
    assert store.journal_faults(LANE) == []
    line = store.client.lindex(f"lane:{LANE}:journal", 1)
    store.client.lset(f"lane:{LANE}:journal", 1, line.replace('"n":1', '"n":9'))
    assert store.journal_faults(LANE) == [(1, "was altered")]


def test_an_ended_sprint_stays_as_a_record_of_its_own(store: Store) -> None:
    loaded = store.load(LANE)
    kickoff = {"id": "one", "number": 4}
    running: State = loaded.state | {"kickoffs": {"4": kickoff}, "running": 4}
    running |= {"tasks": {"t": {"status": "Done"}}}
    store.commit(LANE, loaded, decided(loaded, running), fence(store))
    loaded = store.load(LANE)
    store.commit(
        LANE,
        loaded,
        decided(loaded, loaded.state | {"kickoffs": {}, "running": None, "tasks": {}}),
        fence(store),
    )
    assert store.sprint("one") == {"lane": LANE, "sprint": kickoff, "tasks": {"t": {"status": "Done"}}}
    assert store.lane_of("one") == LANE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
MEMBERS = st.dictionaries(st.text(min_size=1, max_size=2), JSON, max_size=3)
STATES = st.fixed_dictionaries(
    {},
    optional={
        "tasks": MEMBERS,
        "issues": MEMBERS,
        "shown": MEMBERS,
        "sprint": st.none() | MEMBERS,
        "queue": st.lists(JSON),
    },
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(states=st.lists(STATES, min_size=1, max_size=4))
def test_whatever_is_committed_is_read_back(store: Store, states: list[State]) -> None:
    store.client.flushall()
    writer = Store(store.client)
    for given_state in states:
        loaded = writer.load(LANE)
        assert writer.commit(LANE, loaded, decided(loaded, {**loaded.state, **given_state}), fence(store))
        assert Store(store.client).load(LANE).state == {**loaded.state, **given_state}
        assert writer.load(LANE).state == {**loaded.state, **given_state}


def test_a_store_that_was_lost_and_filled_anew_is_another_one(store: Store) -> None:
    loaded = store.load(LANE)
    assert store.commit(LANE, loaded, decided(loaded, loaded.state | {"queue": ["old"]}), fence(store))
    stale = store.load(LANE)
    store.client.flushall()
    other = Store(store.client)
    fresh = other.load(LANE)
    assert other.commit(LANE, fresh, decided(fresh, fresh.state | {"queue": ["new"]}), fence(other))
    assert not store.commit(LANE, stale, decided(stale, stale.state | {"queue": ["mixed"]}), 9)
    state: State = store.load(LANE).state
    assert state["queue"] == ["new"]


def test_a_large_change_is_one_change(store: Store) -> None:
    loaded = store.load(LANE)
    many = {f"t{n}": {"id": f"t{n}"} for n in range(4000)}
    assert store.commit(LANE, loaded, decided(loaded, loaded.state | {"tasks": many}), fence(store))
    loaded = Store(store.client).load(LANE)
    state: State = loaded.state
    assert state["tasks"] == many
    assert store.commit(LANE, loaded, decided(loaded, loaded.state | {"tasks": {}}), fence(store))
    assert Store(store.client).load(LANE).state["tasks"] == {}
