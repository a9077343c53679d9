"""Only where the operator let the bot in is anything handled, by what the forge says the repository is."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from handlers.switchboard import composition_for, outside
from jobs import advance, perform
from jobs.context import refusal_of
from jobs.decide import Decider
from jobs.ticks import discover, note_installed, reconcile
from shell import installations
from shell.admission import Facts, admission_of
from shell.errors import Refused, Unavailable
from shell.settings import Settings

from .conftest import LANE, Bench, MemoryForge

NEW = "gitea-9"


def comment(number: int = 1, **more: Any) -> Any:
    told = {"type": "issue_comment", "key": f"comment:{number}:h", "comment_id": number, "issue_number": 4}
    who = {"author": "eve", "author_id": 5, "actor": "eve", "actor_id": 5}
    there = {"repo": "stranger/shop", "repo_id": 9, "body": "/plan\n/approve", "hint": "created"}
    return {"forge": "gitea", **told, **who, **there, "is_pull": False, "previous": None, **more}


@pytest.mark.parametrize(
    ("given", "facts", "installed", "let_in"),
    [
        ({}, {"repo": "acme/shop", "owner_id": 3}, False, False),
        ({}, {"repo": "acme/shop", "owner_id": 3}, True, True),
        ({"CALORON_REPOS": "acme/shop"}, {"repo": "Acme/Shop", "owner_id": 3}, False, True),
        ({"CALORON_REPOS": "acme/*"}, {"repo": "acme/site", "owner_id": 3}, False, True),
        ({"CALORON_REPOS": "acme/*"}, {"repo": "acme-evil/site", "owner_id": 3}, False, False),
        ({"CALORON_REPOS": "acme/shop"}, {"repo": "acme/shop2", "owner_id": 3}, False, False),
        (
            {"CALORON_REPOS": "acme/shop"},
            {"repo": "acme/shop2", "owner_id": 3, "named": "acme/shop", "named_owner": 3},
            False,
            True,
        ),
        (
            {"CALORON_REPOS": "acme/shop"},
            {"repo": "eve/shop", "owner_id": 5, "named": "acme/shop", "named_owner": 3},
            False,
            False,
        ),
        ({"CALORON_OWNERS": "acme", "GITHUB_APP_ID": "1", "GITHUB_APP_PRIVATE_KEY": "k"},
         {"repo": "Acme/shop", "owner_id": 3, "app": True}, False, True),
        ({"CALORON_OWNERS": "acme", "GITHUB_APP_ID": "1", "GITHUB_APP_PRIVATE_KEY": "k"},
         {"repo": "acme/shop", "owner_id": 3, "app": False}, False, False),
        ({"CALORON_OWNERS": "acme", "GITHUB_APP_ID": "1", "GITHUB_APP_PRIVATE_KEY": "k"},
         {"repo": "eve/shop", "owner_id": 3, "app": True}, False, False),
        ({"CALORON_REPOS": "acme/*"}, {"wrong": "not there"}, True, False),
        ({"CALORON_REPOS": "acme/*"}, None, True, False),
    ],
)  # fmt: skip
def test_who_is_let_in(given: dict[str, str], facts: Facts | None, installed: bool, let_in: bool) -> None:
    base = {"CALORON_WEBHOOK_SECRET": "s", "GITEA_URL": "http://f.test", "GITEA_TOKEN": "t"}
    assert admission_of(Settings.of(base | given), facts, installed).let_in is let_in


class Real(Bench):
    """A bench that admits as the real context does."""

    def decider(self, lane: str) -> Decider:
        admission = self.admission(lane)
        inner = super().decider(lane)
        refuses = partial(refusal_of, admission)
        if admission.let_in:
            return replace(inner, refuses=refuses)

        def run(name: str, turn: Any) -> Any:
            import compositions

            return compositions.run(name, turn).output, []

        return replace(inner, expand=outside, composition_for=composition_for, run=run, refuses=refuses)


def turn(bench: Bench, lane: str, rounds: int = 4) -> None:
    for _ in range(rounds):
        advance.advance(lane)
        perform.perform_with(bench, lane)


@pytest.fixture
def real(bench: Bench) -> Bench:
    bench.__class__ = Real
    return bench


def shown(forge: MemoryForge, number: int = 9, name: str = "stranger/shop", owner: int = 5) -> None:
    def repository(repo: str) -> dict[str, Any]:
        forge._call("repository", repo)
        return {"id": number, "full_name": name, "owner_id": owner}

    forge.repository = repository  # type: ignore[method-assign]


def test_in_a_strangers_repository_the_first_command_gets_one_line_and_nothing_else(
    real: Bench, forge: MemoryForge
) -> None:
    shown(forge)
    events: list[Any] = [
        {
            "type": "changed",
            "forge": "gitea",
            "object": "issue",
            "number": 4,
            "key": "c",
            "repo": "stranger/shop",
            "repo_id": 9,
        },
        comment(),
        comment(2),
    ]
    receipts = [real.store.accept(NEW, event | {"forge": "gitea"}, "unverified") for event in events]
    assert real.store.receipt(receipts[0])["status"] == "unverified"  # type: ignore[index]
    turn(real, NEW)
    (line,) = forge.comments
    assert "I do not act in this repository" in line["body"]
    statuses = [real.store.receipt(one) for one in receipts]
    assert [one and one["status"] for one in statuses] == ["ignored", "done", "done"]
    assert {verb for verb, _ in forge.calls} == {"repository", "comment"}
    assert set(real.store.load(NEW).state) - {"outside"} == set(real.store.load("gitea-77").state)
    real.store.accept(NEW, comment(3))
    turn(real, NEW)
    assert len(forge.comments) == 1 and not real.store.pending_actions(NEW)


def test_nothing_is_handled_before_the_forge_has_shown_the_repository(
    real: Bench, forge: MemoryForge
) -> None:
    shown(forge)
    forge.faults["repository"] = [Unavailable("forge", "away")]
    receipt = real.store.accept(NEW, comment(), "unverified")
    turn(real, NEW, rounds=1)
    assert real.store.waiting(NEW) == 1 and real.store.receipt(receipt)["status"] == "unverified"  # type: ignore[index]
    turn(real, NEW)
    assert real.store.waiting(NEW) == 0 and len(forge.comments) == 1


def test_a_name_that_belongs_to_another_repository_decides_nothing(real: Bench, forge: MemoryForge) -> None:
    shown(forge, number=77, name="acme/shop")
    receipt = real.store.accept(NEW, comment(repo="acme/shop"), "unverified")
    turn(real, NEW)
    found = real.store.receipt(receipt)
    assert found and found["status"] == "ignored" and "another repository (id 77)" in found["reason"]
    assert not forge.comments and not real.store.pending_actions(NEW)


def test_a_repository_that_is_not_shown_decides_nothing(real: Bench, forge: MemoryForge) -> None:
    forge.faults["repository"] = [Refused(404, "not found")] * 9
    receipt = real.store.accept(NEW, comment(), "unverified")
    turn(real, NEW)
    found = real.store.receipt(receipt)
    assert found and found["status"] == "ignored" and "does not show this repository" in found["reason"]
    assert forge.asked("repository") == 1


def test_an_organisations_secret_does_not_speak_for_another_owner(real: Bench, forge: MemoryForge) -> None:
    shown(forge, name="acme/vault", owner=12)
    event: Any = {**comment(repo="acme/vault"), "hook": 7}
    receipt = real.store.accept(NEW, event, "unverified")
    turn(real, NEW)
    found = real.store.receipt(receipt)
    assert found and found["status"] == "ignored" and "organisation 7 signed it" in found["reason"]
    assert real.admission(NEW).let_in and not forge.comments


def test_what_was_asked_for_waits_where_the_bot_is_no_longer_let_in(real: Bench, forge: MemoryForge) -> None:
    real.put({"type": "comment", "key": "c", "number": 1, "body": "hello"})
    real.store.note_facts(LANE, {"repo": "eve/shop", "owner_id": 5})
    perform.perform_with(real, LANE)
    assert not forge.calls and len(real.store.pending_actions(LANE)) == 1
    real.store.note_facts(LANE, {"repo": "acme/shop", "owner_id": 3})
    real.hasten()
    perform.perform_with(real, LANE)
    assert [one["body"].partition("\n")[0] for one in forge.comments] == ["hello"]


def test_reconcile_covers_only_what_is_let_in(real: Bench, forge: MemoryForge) -> None:
    discover(real)
    assert real.store.about("gitea-8").get("repo") == "acme/site"
    assert not real.store.about(NEW) and real.store.waiting(NEW) == 0
    real.store.accept(NEW, comment())
    real.store.note_facts(NEW, {"repo": "stranger/shop", "owner_id": 5})
    waiting = real.store.waiting(NEW)
    reconcile(real)
    assert real.store.waiting(NEW) == waiting and real.store.waiting("gitea-8") == 2


def test_an_installed_repository_is_let_in_also_after_the_store_is_lost(real: Bench) -> None:
    real.store.note_facts(NEW, {"repo": "stranger/shop", "owner_id": 5})
    assert not real.admission(NEW).let_in
    installations.note(real.settings.home, NEW, "stranger/shop")
    assert real.admission(NEW).let_in
    note_installed(real)
    assert real.store.installed() == {NEW}


def test_what_is_taken_out_leaves_the_store_of_its_own_machine_with_the_next_look(real: Bench) -> None:
    installations.note(real.settings.home, NEW, "stranger/shop")
    note_installed(real)
    installations.forget(real.settings.home, NEW)
    note_installed(real)
    assert real.store.installed() == {NEW}, "with REDIS_URL it may be another machine's"
    real.settings = real.settings.model_copy(update={"redis_url": None})
    note_installed(real)
    assert real.store.installed() == set()
