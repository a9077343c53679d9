"""The twins that ask the model: its answer where it holds, else the rules' with a line that says why."""

import json
import socket
from collections.abc import Iterator
from typing import Any, Literal, TypedDict

import pytest

import compositions
from shell.structured_output import RULES, ask_for, fault_in, form_of
from tests.agent.model_server import ModelServer, Reply, fault, serving, text
from tests.stages.stage_world import ANSWERS, CART

KEY = "model-key-123456"
GOAL: dict[str, Any] = {"goal": "Sell shoes online", "constraints": "no frameworks"}
ASKING = {
    "kickoff_plan_llm": ("generate_sprint_dag", {"brief": "Sell shoes. Then count them."}),
    "sprint_analysis_llm": ("analyze_sprint_feedback", {"feedback_items": [], "kpis": {}}),
    "sprint_plan_llm": ("sprint_plan", GOAL),
    "full_cycle_llm": ("full_cycle", GOAL),
}
"""Composition → what answers without a model, and on what."""


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.delenv("CALORON_LLM_PROVIDER", raising=False)
    with serving() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield server


def answer(*fields: str, **other: Any) -> Reply:
    return text(json.dumps({field: ANSWERS[field] for field in fields} | other))


def by_rules(name: str, given: Any) -> Any:
    if name in compositions.names():
        return compositions.run(name, given).output
    return compositions.catalogue().find(name).execute(given)


def test_a_goal_is_planned_by_the_model_phase_by_phase(model: ModelServer) -> None:
    model.replies = [
        answer("design_brief", "components_inventory"),
        answer("design_doc", "components", "risks"),
        answer("tasks"),
        answer("review_checks"),
    ]
    output = compositions.run("full_cycle_llm", GOAL).output
    assert [(task["id"], task["title"]) for task in output["tasks"]] == [
        ("cart", "Write the cart"),
        ("review-cart", "Review cart: what happens twice"),
    ]
    assert "notes" not in output
    told = [json.loads(asked["messages"][0]["content"]) for asked in model.asked]
    assert told[0] == GOAL
    assert told[1] == {**GOAL, "design_brief": "Quick and blue.", "components_inventory": [CART]}
    assert told[2]["design_doc"] == ANSWERS["design_doc"]
    assert told[3]["tasks"][0]["framework"] == "claude-code"


def test_a_question_carries_its_form_and_its_rules(model: ModelServer) -> None:
    model.replies = [answer("dag")]
    output = compositions.run("kickoff_plan_llm", {"brief": "Sell shoes.", "sprint_id": "shop-1a2b-7"}).output
    assert output["dag"]["sprint_id"] == "shop-1a2b-7"
    assert output["dag"]["tasks"]["cart"]["description"] == "Start small."
    [asked] = model.asked
    assert asked["system"].endswith(RULES)
    form = asked["output_config"]["format"]
    assert form["type"] == "json_schema"
    task = form["schema"]["properties"]["dag"]["properties"]["tasks"]["items"]
    assert task["required"] == ["id", "title", "description", "depends_on", "scope", "acceptance"]
    assert task["additionalProperties"] is False


def test_a_sprint_is_analysed_by_the_model(model: ModelServer) -> None:
    fields = ("themes", "improvements", "learnings", "sentiment")
    model.replies = [answer(*fields)]
    given = {"feedback_items": [], "kpis": {"completion_rate": 1}}
    assert compositions.run("sprint_analysis_llm", given).output == {name: ANSWERS[name] for name in fields}


FAULTS = {
    "busy": (fault(529, "Overloaded"), "is not available: Overloaded"),
    "broken": (fault(500, "Internal server error"), "is not available: Internal server error"),
    "refused": (fault(401, "invalid x-api-key"), "invalid x-api-key"),
    "declined": (text("", stop="refusal"), "it declined to answer"),
    "cut": (text('{"dag"', stop="max_tokens"), "its answer was longer than allowed"),
    "prose": (text("Sure! Here is\nyour plan."), "answered something that is no JSON"),
    "other form": (text('{"plan": []}'), "is not of the form asked for: answer has no '"),
    "a list": (text("[]"), "is not of the form asked for: answer is not an object"),
}


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("wrong", FAULTS)
def test_what_is_wrong_with_an_answer_is_noted_and_the_rules_answer(
    model: ModelServer, name: str, wrong: str
) -> None:
    reply, words = FAULTS[wrong]
    model.replies = [reply]
    rules, given = ASKING[name]
    output = compositions.run(name, given).output
    notes = output.pop("notes")
    assert output == by_rules(rules, given)
    assert len(notes) == len(model.asked)
    assert all(words in note and "\n" not in note for note in notes), notes
    assert KEY not in json.dumps(notes)


def test_an_answer_in_its_form_that_makes_no_sense_is_noted_too(model: ModelServer) -> None:
    waits = {**ANSWERS["dag"]["tasks"][0], "depends_on": ["till"]}
    model.replies = [answer(dag={"tasks": [waits]})]
    output = compositions.run("kickoff_plan_llm", {"brief": "Sell shoes."}).output
    assert list(output["dag"]["tasks"]) == ["task-1"]
    assert output["notes"] == [
        "Planned by rules instead of the model: "
        "in the model's answer 'cart' depends on 'till', which is not above it"
    ]


def test_without_a_key_nobody_is_asked(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "AUTH_TOKEN", "PROFILE", "IDENTITY_TOKEN"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)
    output = compositions.run("kickoff_plan_llm", {"brief": "Sell shoes."}).output
    assert output["notes"] == [
        "Planned by rules instead of the model: There is no key for the model; set ANTHROPIC_API_KEY."
    ]
    assert model.asked == []


@pytest.mark.parametrize("provider", ["claude-cli", "openai-api", "nonsense"])
def test_a_provider_that_cannot_be_asked_is_named(
    model: ModelServer, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setenv("CALORON_LLM_PROVIDER", provider)
    output = compositions.run("kickoff_plan_llm", {"brief": "Sell shoes."}).output
    assert f"CALORON_LLM_PROVIDER is '{provider}', but only anthropic-api can be asked" in output["notes"][0]
    assert model.asked == []


def test_a_provider_that_is_the_one_may_be_named(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALORON_LLM_PROVIDER", "anthropic-api")
    model.replies = [answer("dag")]
    assert "notes" not in compositions.run("kickoff_plan_llm", {"brief": "Sell shoes."}).output


def test_a_silent_model_is_not_waited_for(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shell.structured_output.TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        output = compositions.run("kickoff_plan_llm", {"brief": "Sell shoes."}).output
    assert output["notes"][0].endswith("is not available: the request timed out")


def test_more_than_the_model_is_told_is_not_cut(model: ModelServer) -> None:
    given = {"brief": "Sell shoes.", "repo_context": {"readme": "x" * 100_000}}
    output = compositions.run("kickoff_plan_llm", given).output
    assert "at most 100000 are sent" in output["notes"][0]
    assert model.asked == []


class Part(TypedDict):
    name: str
    kind: Literal["a", "b"]


class Whole(TypedDict, total=False):
    parts: list[Part]
    notes: list[str]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"parts": [{"name": "x", "kind": "a"}], "more": 1}, None),
        ({"parts": []}, None),
        ({}, "answer has no 'parts'"),
        ([], "answer is not an object"),
        ({"parts": "x"}, "answer.parts is not a list"),
        ({"parts": ["x"]}, "answer.parts[0] is not an object"),
        ({"parts": [{"name": 1, "kind": "a"}]}, "answer.parts[0].name is not a text"),
        ({"parts": [{"name": "x", "kind": "c"}]}, "answer.parts[0].kind is none of a, b"),
    ],
)  # fmt: skip
def test_a_form_is_held(value: Any, fault: str | None) -> None:
    assert fault_in(value, form_of(Whole, ("parts",))) == fault


def test_only_what_the_stage_takes_is_told_and_only_what_was_asked_comes_back(model: ModelServer) -> None:
    model.replies = [answer(parts=[], notes=["hidden"], more=1)]
    given = {"parts": [{"name": "x"}], "notes": None, "now": "2026-11-21T08:00:00Z"}
    assert ask_for("Do it.", given, Whole, Whole, "parts") == {"parts": []}
    assert json.loads(model.asked[0]["messages"][0]["content"]) == {"parts": [{"name": "x"}]}
