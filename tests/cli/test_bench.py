"""The benches: their figures have the right shape and name what bounds them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.bench import bench, rows
from bot.harness import decision_cost as cost
from bot.harness.agent_starts import time_starts
from bot.harness.machine import bottleneck, busy_share
from tests.real_frameworks import WALLS, installed


def test_the_cost_of_an_event_is_told_by_part_for_each_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "find_engine", lambda: None)
    ran = CliRunner().invoke(bench, ["stages", "--sizes", "4,30", "--events", "2", "--output", "json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.output)
    assert found["engine"] is None
    assert [row["tasks"] for row in found["sprints"]] == [4, 30]
    for row in found["sprints"]:
        assert row["graph"] > 0 and row["commit"] > 0 and row["event"] >= row["decide"]


def test_each_merge_of_the_bench_sets_the_next_task_free() -> None:
    import compositions

    [event, *_] = cost.merged(6)
    turn = {"state": cost.sprint(6), "events": [event], "actions": [], "now": cost.AT}
    out = compositions.run(cost.GRAPH, turn | {"policy": cost.policy()}).output
    assert out["state"]["tasks"]["t4"]["status"] == "Done"
    assert [action["type"] for action in out["actions"]] == ["create_issue"]


def test_the_first_request_of_an_agent_is_a_row_of_its_own() -> None:
    figures = {"n": 5, "p50": 2000.0, "p95": 2500.0}
    found = {"alone": {"ms": {"a → b": figures}}, "busy": {"ms": {}}, "starts": {"codex-cli": figures}}
    assert [row["from → to"] for row in rows(found)] == [
        "a → b", "approval → first model request, codex-cli",
    ]  # fmt: skip


@pytest.mark.skipif(not WALLS.works, reason=WALLS.statement)
def test_the_first_request_of_an_agent_is_timed(tmp_path: Path) -> None:
    if (there := installed("codex-cli")) is None:
        pytest.skip("codex-cli is not installed; `tests/tools/frameworks install` does it")
    figures = time_starts("codex-cli", there, tmp_path / "bot", 2)
    assert figures["n"] == 2 and 100 < figures["p50"] < 60_000


def test_bottleneck_of_a_benchmark_is_the_cores_or_waiting() -> None:
    assert busy_share((100, 50), (200, 60)) == 0.9
    assert "cores" in bottleneck(0.9) and "90%" in bottleneck(0.9)
    assert "waiting" in bottleneck(0.4)
    assert busy_share((0, 0), (0, 0)) is None and "unknown" in bottleneck(None)
