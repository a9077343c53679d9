"""Whole ticks through the original compositions, on a small world: what they do, keep, and do only once."""

from pathlib import Path
from typing import Any

import pytest

import compositions
from tests.stages.stage_world import FakeForge, fake_shell

WHERE = {"repo": "ada/shop", "host": "https://git.example.org/api/v1", "sprint_id": "shop-1a2b-7"}
NOW = "2026-11-21T09:00:05.000Z"


class World:
    def __init__(self) -> None:
        self.forge = FakeForge()
        self.asked: list[tuple[str, dict[str, Any]]] = []


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    world = World()
    monkeypatch.setattr("shell.forge.gitea.GiteaForge", lambda *_: world.forge)
    catalogue = compositions.catalogue()
    monkeypatch.setattr(catalogue.find("execute_actions").module, "ask_shell", fake_shell(world.asked))
    monkeypatch.setenv("GITEA_TOKEN", "a token")
    monkeypatch.delenv("GITEA_URL", raising=False)
    monkeypatch.setenv("CALORON_KV_DIR", str(tmp_path))
    return world


def task(status: str, **more: Any) -> dict[str, Any]:
    return {"title": "A task", "status": status, "depends_on": [], "issue_number": None, **more}


def tick(name: str, **given: Any) -> Any:
    return compositions.run(name, {**WHERE, "now": NOW, "since": "2026-11-21T08:30:00Z", **given}).output


def test_a_tick_follows_a_task_from_its_issue_to_its_merge(world: World) -> None:
    state = {"tasks": {"api": task("Ready", agent_id="agent-1"), "ui": task("Pending", depends_on=["api"])}}
    first = tick("sprint_tick_core", state=state)
    api = first["state"]["tasks"]["api"]
    assert (api["status"], api["issue_number"], api["pr_number"]) == ("InReview", 12, 15)
    assert "spawn:agent-1 (pid=4711)" in first["actions_taken"]
    assert "merge:PR#15" in first["actions_taken"]
    assert ("merge", 15, "a" * 40, "merge", True) in world.forge.wrote
    assert first["errors"] == []
    assert set(first) == {"actions_taken", "errors", "state", "polled_at", "interventions"}


def test_the_same_tick_again_says_nothing_twice(world: World) -> None:
    state = {"tasks": {"api": task("Ready", agent_id="agent-1")}}
    tick("sprint_tick_core", state=state)
    said = [wrote for wrote in world.forge.wrote if wrote[0] in ("comment", "create_issue")]
    tick("sprint_tick_core", state=state)
    assert [wrote for wrote in world.forge.wrote if wrote[0] in ("comment", "create_issue")] == said


def test_a_merge_found_by_the_poll_ends_the_task(world: World) -> None:
    state = {"tasks": {"ui": task("InReview", issue_number=13, pr_number=16)}}
    done = tick("sprint_tick_core", state=state)
    assert done["state"]["tasks"]["ui"]["status"] == "Done"
    assert "done:#13" in done["actions_taken"]
    assert ("edit_issue", 13, "closed") in world.forge.wrote


def test_a_silent_agent_is_probed_once_by_one_ladder(world: World) -> None:
    old = "2026-11-21T08:00:00Z"
    state = {"tasks": {"api": task("InProgress", agent_id="agent-1", issue_number=12, started_at=old)}}
    agents = {"agent-1": {"last_heartbeat_at": old, "task_started_at": old}}
    found = tick("sprint_tick_core", state=state, agents=agents, since="2026-11-21T08:59:00Z")
    assert [line for line in found["actions_taken"] if "agent-1" in line] == [
        "probe:agent-1 (No heartbeat for 60 minutes)"
    ]
    assert found["interventions"] == {"agent-1": {"count": 1, "at": NOW}}
    again = tick(
        "sprint_tick_core",
        state=found["state"],
        agents=agents,
        interventions=found["interventions"],
        since="2026-11-21T08:59:00Z",
    )
    assert [line for line in again["actions_taken"] if "agent-1" in line] == []


def test_a_stateful_tick_keeps_what_the_next_one_needs(world: World) -> None:
    state = {"tasks": {"api": task("Ready", agent_id="agent-1")}}
    kept = tick("sprint_tick_stateful", state=state)
    assert Path(kept["persisted_path"]).is_file()
    loaded = compositions.catalogue().find("load_tick_state").execute({**WHERE, "now": NOW})
    assert loaded["state"]["tasks"]["api"]["status"] == "InReview"
    assert loaded["since"] == "2026-11-21T09:00:00.000Z"


def test_a_goal_becomes_tasks(world: World) -> None:
    given = {"goal": "Build a Parser and a Renderer", "constraints": ""}
    planned = compositions.run("sprint_plan", given).output["tasks"]
    full = compositions.run("full_cycle", given).output["tasks"]
    names = ["impl-parser", "tests-parser", "impl-renderer", "tests-renderer"]
    assert [one["id"] for one in planned] == names
    assert [one["id"] for one in full] == names + [f"review-{name}" for name in names]
    assert world.forge.wrote == []
