"""The benches: their figures have the right shape and name what bounds them."""

import json

import pytest
from click.testing import CliRunner

from bot.cli.bench import bench
from bot.harness import decision_cost as cost
from bot.harness.machine import bottleneck, busy_share


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


def test_bottleneck_of_a_benchmark_is_the_cores_or_waiting() -> None:
    assert busy_share((100, 50), (200, 60)) == 0.9
    assert "cores" in bottleneck(0.9) and "90%" in bottleneck(0.9)
    assert "waiting" in bottleneck(0.4)
    assert busy_share((0, 0), (0, 0)) is None and "unknown" in bottleneck(None)
