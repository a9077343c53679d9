"""A lane writes to its own repository only, whoever bears its name now."""

from typing import Any

import pytest

from tests.jobs.conftest import LANE

WORDS = {"type": "comment", "number": 1, "body": "hello", "key": "c"}
CATCH_UP = {"type": "look", "what": "catch_up", "key": "look:catch_up", "since": None}


@pytest.fixture
def named(forge: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Which repository bears which name now."""
    ids = {"acme/shop": 7}

    def repository(repo: str) -> dict[str, Any]:
        forge.calls.append(("repository", (repo,)))
        return {"id": ids[repo], "full_name": repo, "owner_id": 3, "default_branch": "main"}

    monkeypatch.setattr(forge, "repository", repository)
    monkeypatch.setattr(forge, "changes_since", lambda repo, since: {"comments": []}, raising=False)
    return ids


def test_a_name_is_looked_at_once_while_nobody_else_is_told_by_it(bench: Any, forge: Any, named: Any) -> None:
    bench.store.note_about("gitea-9", "acme/shop", 9, "gitea")  # so that the name is in doubt
    for number in range(3):
        bench.put(WORDS | {"key": f"c{number}"})
        bench.work()
    assert (forge.asked("comment"), forge.asked("repository")) == (3, 1)


def test_nothing_is_written_to_a_new_repository_of_the_old_name(bench: Any, forge: Any, named: Any) -> None:
    bench.put(WORDS)
    bench.work()
    named["acme/shop"] = 9
    bench.store.note_about("gitea-9", "Acme/Shop", 9, "gitea")  # the first that is heard of the new one
    bench.put(WORDS | {"key": "c2"})
    bench.work()
    assert forge.asked("comment") == 1
    away = bench.away()
    assert (away["host"], away["reason"]) == (
        "acme/shop",
        "this name now belongs to another repository (id 9, not 7), so nothing is written",
    )
    bench.hasten()
    bench.work()
    assert forge.asked("comment") == 1


def test_a_new_repository_of_which_nothing_was_heard_is_found_by_catching_up(
    bench: Any, forge: Any, named: Any
) -> None:
    bench.put(WORDS)
    bench.work()
    named["acme/shop"] = 9
    bench.put(CATCH_UP, WORDS | {"key": "c2"})
    bench.work()
    assert forge.asked("comment") == 1
    assert bench.journalled("seen") == []


def test_a_look_at_the_repository_never_tells_of_another(bench: Any, forge: Any, named: Any) -> None:
    named["acme/shop"] = 9
    bench.put({"type": "look", "what": "repository", "key": "look:repository"})
    bench.work()
    assert bench.journalled("seen") == []
    assert bench.away()["host"] == "acme/shop"


def test_a_late_delivery_with_the_old_name_leads_back_to_the_new_one(
    bench: Any, forge: Any, named: Any
) -> None:
    named |= {"acme/store": 7}
    bench.tell({"type": "tick", "key": "renamed", "repo": "acme/store"})
    bench.put(WORDS)
    bench.store.note_about(LANE, "acme/store", 7, "gitea")
    bench.work()
    named["acme/shop"] = 9
    bench.tell({"type": "tick", "key": "late", "repo": "acme/shop"})
    bench.put(WORDS | {"key": "c2"})  # told by the old name again
    bench.work()
    assert bench.store.about(LANE)["repo"] == "acme/store"
    assert (forge.asked("comment"), bench.away()) == (2, None)


def test_a_repository_that_has_its_name_again_is_worked_on_again(bench: Any, forge: Any, named: Any) -> None:
    named["acme/shop"] = 9
    bench.put(WORDS)
    bench.work()
    named["acme/shop"] = 7
    bench.hasten()
    bench.work()
    assert (forge.asked("comment"), bench.away()) == (1, None)
    assert "other" not in bench.store.about(LANE)
