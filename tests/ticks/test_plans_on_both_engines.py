"""Plans are the same on the real engine and on ours: by rules, and by a model that both ask."""

import json
from typing import Any

import pytest

import compositions
from compositions.register import compare_run, golden_cases
from tests.agent.model_server import serving, text
from tests.stages.stage_world import ANSWERS
from tests.ticks.engines import noether, ours, real, registered

PLANS = ("full_cycle", "sprint_plan")
ASKING = ("full_cycle_llm", "sprint_plan_llm", "kickoff_plan_llm", "sprint_analysis_llm")
GOALS: list[dict[str, Any]] = [
    {"goal": "Build a Parser and a Renderer", "constraints": ""},
    {"goal": "Release v1.2 of the shop, with prices in euros", "constraints": "no new dependency"},
    {"goal": "Mach die Preisliste schöner ☃", "constraints": ""},
]

pytestmark = real


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return registered(tmp_path_factory.mktemp("engine") / "noether", *PLANS, *ASKING)


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


def test_the_model_is_asked_on_both_engines(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [("design_brief", "components_inventory"), ("design_doc", "components", "risks"), ("tasks",)]
    replies = [text(json.dumps({name: ANSWERS[name] for name in fields})) for fields in asked]
    answers = []
    for run in (noether(engine, "full_cycle_llm"), lambda given: ours(given, "full_cycle_llm")):
        with serving() as model:
            monkeypatch.setenv("ANTHROPIC_BASE_URL", model.url)
            monkeypatch.setenv("ANTHROPIC_API_KEY", "model-key-123456")
            model.replies = [*replies, text("Looks good to me!")]
            answers.append(run(GOALS[0])["data"])
            assert len(model.asked) == 4
    assert [task["id"] for task in answers[0]["output"]["tasks"]] == ["cart", "review-cart"]
    assert answers[0]["output"]["notes"][0].startswith(
        "Reviews planned by rules instead of the model: The model claude-test"
    )
    assert answers[0]["output"] == answers[1]["output"]
    assert answers[0]["effects"] == answers[1]["effects"]
    hashes = [[entry["output_hash"] for entry in one["trace"]["stages"]] for one in answers]
    assert hashes[0] == hashes[1]


def test_without_a_key_both_engines_plan_by_rules(engine: Any) -> None:
    given = {"brief": "Sell shoes. Then count them."}
    theirs, here = noether(engine, "kickoff_plan_llm")(given), ours(given, "kickoff_plan_llm")
    assert theirs["data"]["output"] == here["data"]["output"]
    assert "There is no key" in here["data"]["output"]["notes"][0]
