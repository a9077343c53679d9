"""The two planning compositions give the same plan on the real engine and on ours, without a key."""

from typing import Any

import pytest

import compositions
from compositions.register import compare_run, golden_cases
from tests.ticks.engines import noether, ours, real, registered

PLANS = ("full_cycle", "sprint_plan")
GOALS: list[dict[str, Any]] = [
    {"goal": "Build a Parser and a Renderer", "constraints": ""},
    {"goal": "Release v1.2 of the shop, with prices in euros", "constraints": "no new dependency"},
    {"goal": "Mach die Preisliste schöner ☃", "constraints": ""},
]

pytestmark = real


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return registered(tmp_path_factory.mktemp("engine") / "noether", *PLANS)


@pytest.fixture(autouse=True)
def without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)


@pytest.mark.parametrize("name", PLANS)
def test_both_engines_plan_alike(engine: Any, name: str) -> None:
    composition = compositions.load(name)
    cases = [{"name": goal["goal"], "input": goal} for goal in GOALS] + golden_cases(composition)
    assert [list(compare_run(engine, composition, case)) for case in cases] == [[]] * len(cases)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_the_same_each_time(engine: Any, name: str) -> None:
    run = noether(engine, name)
    first, again, here = run(GOALS[0]), run(GOALS[0]), ours(GOALS[0], name)
    assert first["data"]["output"]["tasks"]
    assert first["data"]["output"] == again["data"]["output"] == here["data"]["output"]
    assert first["data"]["composition_id"] == here["data"]["composition_id"]
    assert first["data"]["effects"] == here["data"]["effects"] == ["pure"]
