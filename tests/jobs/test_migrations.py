"""States outlive versions: written steps bring older ones up to date, and others are refused in words."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs import replay, restore, worker
from shell.store import Store, UnknownVersion, migrations
from shell.store.migrations import check, up_to_date

LANE = "gitea-7"


def rename(state: dict[str, Any]) -> dict[str, Any]:
    """The step of these tests: a list gets another name."""
    return {name: value for name, value in state.items() if name != "queue"} | {"waits": state["queue"]}


@pytest.fixture
def stored(bench: Any) -> Any:
    """A lane whose state was written by version 1, and whose caches know nothing of it."""

    def note(turn: dict[str, Any]) -> dict[str, Any]:
        state = turn["state"]
        name = "waits" if state["v"] == 2 else "queue"
        added = [*state.get(name, []), turn["events"][0]["key"]]
        return turn | {"state": state | {name: added}}

    bench.routes["note"], bench.compositions["note"] = "note", note
    bench.tell({"type": "note", "key": "first"})
    bench.work()
    bench.store = Store(bench.store.client)
    return bench


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this code were of version 2."""
    monkeypatch.setattr(migrations, "VERSION", 2)
    monkeypatch.setattr(migrations, "STEPS", {1: rename})


def raw(bench: Any) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in bench.store.client.hgetall(f"lane:{LANE}").items()}


def test_a_new_state_says_its_version(stored: Any) -> None:
    assert raw(stored) == {"v": 1, "queue": ["first"]}


@pytest.mark.parametrize("says_its_version", [True, False])
def test_an_older_state_is_read_anew_and_kept_by_the_next_commit(
    stored: Any, two: None, says_its_version: bool
) -> None:
    if not says_its_version:
        stored.store.client.hdel(f"lane:{LANE}", "v")
    state = stored.store.load(LANE).state
    assert (state["v"], state["waits"]) == (2, ["first"]) and "queue" not in state
    assert raw(stored)["queue"] == ["first"]
    stored.tell({"type": "note", "key": "second"})
    stored.work()
    assert raw(stored) == {"v": 2, "waits": ["first", "second"]}
    told = [entry["event"] for entry in stored.store.journal(LANE)]
    assert [event["type"] for event in told] == ["note", "state_migrated", "note"]
    assert (told[1]["from"], told[1]["to"]) == (1, 2)


def test_a_journal_with_a_migration_still_proves_the_state(stored: Any, two: None) -> None:
    stored.tell({"type": "note", "key": "second"})
    stored.work()
    ledger = stored.store.ledger(LANE)
    proof = replay.prove(ledger, lambda name, turn: stored.compositions[name](turn))
    state: Any = proof.state
    assert proof.holds and state["waits"] == ["first", "second"]


@pytest.mark.parametrize(
    ("steps", "version", "found", "words"),
    [
        ({}, 1, 2, "A newer Caloron Bot wrote it"),
        ({2: rename}, 3, 1, "has no step from version 1 to 2"),
        ({1: rename}, 3, 1, "has no step from version 2 to 3"),
    ],
)
def test_a_version_without_a_step_is_refused_in_words(
    steps: Any, version: int, found: int, words: str
) -> None:
    with pytest.raises(UnknownVersion, match=words):
        check(found, "The state of lane gitea-7", steps, version)
    with pytest.raises(UnknownVersion, match="The state of lane gitea-7 has version"):
        up_to_date({"v": found}, "The state of lane gitea-7", steps, version)


def test_a_newer_state_is_left_as_it_is(stored: Any) -> None:
    stored.store.client.hset(f"lane:{LANE}", "v", "9")
    before = raw(stored)
    with pytest.raises(UnknownVersion, match="gitea-7 has version 9"):
        stored.store.check_versions()
    stored.tell({"type": "note", "key": "second"})
    with capture_logs() as logged:
        worker.worker_of("events", stored).work(burst=True, logging_level="ERROR")
    assert {line["event"] for line in logged} == {"job refused"}
    assert raw(stored) == before and stored.store.waiting(LANE) == 1


def _file(bench: Any, version: int | None) -> None:
    repo = {"forge": "gitea", "repo_id": 7, "full_name": "acme/shop"}
    lane: dict[str, Any] = {"lane": LANE, "epoch": "lost", "at": "2026-01-01T00:00:00.000Z"}
    lane |= {"heard": [], "actions": []}
    lane |= {"kept": {"repo": repo, "queue": ["first"]}} | ({"v": version} if version else {})
    file = bench.settings.kv_dir / "shop-1a2b-3.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"state": {"tasks": {}}, "lane": lane}))


@pytest.mark.usefixtures("two")
def test_a_sprints_file_of_an_older_version_is_taken_up_in_the_new_form(bench: Any) -> None:
    _file(bench, None)
    restore.restore(bench, {})
    [event] = bench.store.inbox(LANE, 9)
    assert event["kept"]["waits"] == ["first"] and "queue" not in event["kept"]


def test_a_sprints_file_of_a_newer_version_is_left_alone(bench: Any) -> None:
    _file(bench, 9)
    with capture_logs() as logged:
        restore.restore(bench, {})
    assert bench.store.inbox(LANE, 9) == []
    assert "A newer Caloron Bot wrote it" in logged[0]["reason"]
