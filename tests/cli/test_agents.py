"""`caloron agents`: what each agent does now, and the end of a task's log."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.cli.agents import state_of
from shell.clock import now
from shell.store import Store
from tests.cli.test_reading import LANE, Said, said
from tests.store.test_store_boxes import queue_run

__all__ = ["said"]

AT = "2026-11-30T10:00:00.000Z"


def test_an_agent_at_work_shows_its_last_step(said: Said, store: Store) -> None:
    queue_run(store, "run:1")
    waiting = json.loads(said("agents", "--output", "json"))
    assert [one["state"] for one in waiting] == ["waiting"]
    store.claim_run(LANE, "run:1", "w")
    store.run_sign(LANE, "run:1", last_sign_at=now(), last_line="» Write \x1b[31mhello.py")
    [row] = json.loads(said("agents", "--output", "json"))
    assert (row["task"], row["state"]) == ("t", "working")
    assert row["doing"] == "» Write \ufffd[31mhello.py" and row["silent"].endswith(" s")
    assert "working" in said("agents")


@pytest.mark.parametrize(
    ("signs", "living", "state"),
    [
        ({"status": "queued"}, None, "waiting"),
        ({"status": "claimed", "last_sign_at": "2026-11-30T09:59:00.000Z"}, {"alive": True}, "working"),
        ({"status": "claimed", "last_sign_at": "2026-11-30T09:50:00.000Z"}, {"alive": True}, "idle"),
        ({"status": "claimed", "last_sign_at": "2026-11-30T09:59:00.000Z"}, {"alive": False}, "dead"),
        ({"status": "claimed"}, None, "dead"),
    ],
)
def test_working_waiting_idle_and_dead_are_told_apart(
    signs: dict[str, Any], living: dict[str, Any] | None, state: str
) -> None:
    assert state_of(signs, living, AT) == state


def test_the_log_of_a_task_is_shown(said: Said, tmp_path: Path) -> None:
    logs = tmp_path / "logs/agents/shop-1"
    logs.mkdir(parents=True)
    for number, text in ((1, "the first run"), (2, "» Write a.py\nthe second run \x1b[2J")):
        (logs / f"api-{number}.log").write_text(text)
    shown = said("agents", "--log", "api")
    assert "api-2.log" in shown and "» Write a.py" in shown and "\x1b" not in shown
    assert said("agents", "--log", "shop-1/api") == shown
    assert "No run of 'other' has left a log" in said("agents", "--log", "other", code=1)
