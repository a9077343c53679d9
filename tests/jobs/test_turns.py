"""Which agent starts next: repositories take turns, and the operator's caps hold before a run starts."""

from typing import Any

import pytest

from jobs import attempt
from jobs.context import Context
from shell.budget import Budget
from shell.clock import now
from shell.settings import Settings

from .conftest import Bench

BASE = {"CALORON_WEBHOOK_SECRET": "s", "GITEA_URL": "http://f.test", "GITEA_TOKEN": "t"}


def queue(bench: Bench, lane: str, task: str) -> str:
    key = f"spawn:{task}"
    named: dict[str, Any] = {
        "sprint_id": f"s-{lane}",
        "task_id": task,
        "agent_id": task,
        "attempt": 1,
        "key": key,
    }
    bench.put({"type": "spawn_agent", **named}, lane=lane)
    [taken] = [one for one in bench.store.due_actions(lane, 9) if one.key == key]
    spec: Any = {"type": "spawn_agent", "lane": lane, **named}
    assert bench.store.queue_run(lane, taken, spec)
    return key


def start(bench: Bench) -> tuple[str, str] | None:
    chosen = bench.store.choose_run(bench.may_start)
    if chosen:
        assert bench.store.claim_run(*chosen, "w")
    return chosen


def end(bench: Bench, lane: str, key: str, **cost: Any) -> None:
    event: Any = {"type": "agent_finished", "key": f"end:{key}", "outcome": "done", "cost": cost}
    assert bench.store.finish_run(lane, key, event)


def capped(bench: Bench, **given: str) -> None:
    told = {**BASE, "CALORON_REPOS": "acme/*", **given}
    bench.settings = Settings.of(told | {"CALORON_HOME": str(bench.settings.home)})


def test_repositories_take_turns(bench: Bench) -> None:
    for task in ("a", "b", "c"):
        queue(bench, "gitea-7", task)
    queue(bench, "gitea-8", "x")
    queue(bench, "gitea-8", "y")
    lanes = []
    while chosen := start(bench):
        lanes.append(chosen)
        bench.store.client.hset("caloron:turns", chosen[0], len(lanes))
    assert lanes == [
        ("gitea-7", "spawn:a"), ("gitea-8", "spawn:x"), ("gitea-7", "spawn:b"), ("gitea-8", "spawn:y"),
        ("gitea-7", "spawn:c"),
    ]  # fmt: skip


def test_a_run_is_chosen_by_one_worker_alone(bench: Bench) -> None:
    queue(bench, "gitea-7", "a")
    assert bench.store.choose_run(bench.may_start) == ("gitea-7", "spawn:a")
    assert bench.store.choose_run(bench.may_start) is None


def test_no_agent_starts_where_the_bot_is_no_longer_let_in(bench: Bench) -> None:
    queue(bench, "gitea-7", "a")
    bench.store.note_facts("gitea-7", {"repo": "eve/shop", "owner_id": 5})
    assert start(bench) is None
    attempt.attempt("gitea-7", "spawn:a")
    assert bench.store.run("gitea-7", "spawn:a")["status"] == "queued"  # type: ignore[index]


def test_a_run_that_is_queued_waits_while_its_sprint_is_paused(bench: Bench) -> None:
    """Also for a bot that was restarted meanwhile: the pause is in the state."""
    queue(bench, "gitea-7", "a")
    kickoff = {"id": "s-gitea-7", "number": 4, "status": "Paused", "paused_by": "ada"}
    bench.change("gitea-7", running=4, kickoffs={"4": kickoff, "5": {**kickoff, "number": 5}})
    assert start(bench) is None
    assert Context.of(bench.settings).store.choose_run(bench.may_start) is None
    bench.change("gitea-7", kickoffs={"4": {**kickoff, "status": "Running"}, "5": {**kickoff, "number": 5}})
    assert start(bench) == ("gitea-7", "spawn:a")


@pytest.mark.parametrize("cap", ["CALORON_BUDGET_DAY", "CALORON_BUDGET_OWNER_DAY"])
def test_no_agent_starts_once_a_cap_is_reached(bench: Bench, cap: str) -> None:
    capped(bench, **{cap: "1k"})
    for task in ("a", "b", "c"):
        queue(bench, "gitea-7", task)
    assert start(bench) == ("gitea-7", "spawn:a")
    end(bench, "gitea-7", "spawn:a", tokens=999)
    assert start(bench) == ("gitea-7", "spawn:b")
    end(bench, "gitea-7", "spawn:b", tokens=1)
    assert start(bench) is None
    words = bench.budget_spent("gitea-7", bench.admission("gitea-7"))
    assert words and "1,000 tokens" in words and "00:00 UTC" in words
    assert bench.store.remembered("gitea-7").projected == -1
    bench.store.client.delete(f"caloron:spent:{now()[:10]}")
    assert start(bench) == ("gitea-7", "spawn:c")


def test_the_cap_of_one_owner_leaves_the_others(bench: Bench) -> None:
    capped(bench, CALORON_BUDGET_OWNER_DAY="10")
    bench.store.note_facts("gitea-8", {"repo": "acme/site", "owner_id": 4})
    queue(bench, "gitea-7", "a")
    start(bench)
    end(bench, "gitea-7", "spawn:a", tokens=10)
    queue(bench, "gitea-7", "b")
    queue(bench, "gitea-8", "x")
    assert start(bench) == ("gitea-8", "spawn:x") and start(bench) is None


def test_what_a_run_reports_cannot_be_negative_or_endless(bench: Bench) -> None:
    for number, tokens in enumerate((-5, True, 10**30, "9", None)):
        key = queue(bench, "gitea-7", f"t{number}")
        start(bench)
        end(bench, "gitea-7", key, tokens=tokens)
    assert bench.store.spent(now()[:10])["all"] == 10**12


@pytest.mark.parametrize(
    ("text", "cap", "words"),
    [
        ("5M", Budget(5_000_000, "tokens"), "5,000,000 tokens"),
        ("500k", Budget(500_000, "tokens"), "500,000 tokens"),
        ("7 tokens", Budget(7, "tokens"), "7 tokens"),
        ("$20", Budget(20_000_000, "usd"), "$20.00"),
        ("12.50 USD", Budget(12_500_000, "usd"), "$12.50"),
    ],
)
def test_a_cap_is_an_amount_of_tokens_or_of_money(text: str, cap: Budget, words: str) -> None:
    assert Settings.of({**BASE, "CALORON_BUDGET_DAY": text}).budget_day == cap
    assert str(cap) == words


def test_money_is_counted_apart_from_tokens(bench: Bench) -> None:
    capped(bench, CALORON_BUDGET_DAY="$1")
    for task, usd in (("a", 0.6), ("b", 0.4)):
        queue(bench, "gitea-7", task)
        assert start(bench) == ("gitea-7", f"spawn:{task}")
        end(bench, "gitea-7", f"spawn:{task}", tokens=10**9, usd=usd)
    queue(bench, "gitea-7", "c")
    assert start(bench) is None
    words = bench.budget_spent("gitea-7", bench.admission("gitea-7"))
    assert words and "$1.00 a day" in words


@pytest.mark.parametrize("text", ["5 EUR", "$-1", "$0", "-1", "0", "1e9", "many"])
def test_a_cap_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CALORON_BUDGET_DAY"):
        Settings.of({**BASE, "CALORON_BUDGET_DAY": text})
