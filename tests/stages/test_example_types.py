"""The examples of every stage hold to the declared types: no undeclared key, no value of another type,
nothing left out that is required. An example that shows what comes of such a value is named here.
"""

import importlib
import types
from pathlib import Path
from typing import Any, TypedDict

import pytest

from compositions.annotations import hints_of
from compositions.complete import completed, words_of
from compositions.examples import SHARED, examples_of, read
from stages import world
from tests.stages.stage_rules import name_of, stage_files
from tests.stages.strict import faults, required_of

WRONG = {
    ("dag/evaluate", "A state that is no object is refused in words"),
    ("dag/evaluate", "Events that are no list are refused in words"),
    ("dag/evaluate", "A state without tasks is refused in words"),
    ("dag/evaluate", "A task without a status is refused in words"),
    ("dag/evaluate", "Events that are left out are none"),
    ("dag/evaluate", "An event of an unknown kind changes nothing"),
    ("kickoff/generate_dag_llm", "The model's answer comes in the asked form"),
    ("life/spell_out", "What only the tick knows needs no deed"),
    ("look/notice_change", "Other events ask for no look"),
    ("sprint/save_tick_state", "A tick without a state is not written over the last one"),
    ("supervisor/decide_intervention", "A counter that is no number is told with its agent"),
}
"""Examples of what is done with a value that is not of its type, or that a model wrote."""


def types_of(path: Path) -> tuple[Any, Any]:
    hints = hints_of(importlib.import_module(f"stages.{path.parent.name}.{path.stem}").execute)
    output = hints.pop("return")
    (given,) = hints.values()
    return given, output


def wrong_in(example: dict[str, Any], given: Any, output: Any) -> list[str]:
    before = list(faults(example["input"], given, "input"))
    return before + (list(faults(example["output"], output, "output")) if "output" in example else [])


@pytest.mark.parametrize("path", stage_files(), ids=name_of)
def test_every_example_is_of_the_declared_types(path: Path) -> None:
    given, output = types_of(path)
    for example in examples_of(path):
        wrong = wrong_in(example, given, output)
        meant = (name_of(path), example["name"]) in WRONG
        assert bool(wrong) == meant, f"{example['name']}: {wrong or 'is right by now: take it off the list'}"


def test_every_exception_is_an_example() -> None:
    names = {(name_of(path), example["name"]) for path in stage_files() for example in examples_of(path)}
    assert names >= WRONG


@pytest.mark.parametrize("record", read(SHARED).records)
def test_the_base_of_a_record_gives_what_its_type_requires_and_nothing_else(record: str) -> None:
    shape = getattr(world, record)
    told_apart_by = {name: one for name, (one,) in words_of(shape)}
    by_key = types.GenericAlias(dict, (str, shape))
    found = completed({"4": told_apart_by}, by_key, read(SHARED).base_of)["4"]
    assert list(faults(found, shape)) == []
    assert found.keys() == required_of(shape)


class Input(TypedDict):
    state: world.SprintState
    events: list[world.Event]


TASK = {"id": "a", "title": "A", "status": "Ready", "depends_on": []}
OPENED = {"type": "pr_opened", "pr_number": 7}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"state": {"tasks": {"a": TASK}}, "events": [OPENED]}, None),
        ({"state": {"tasks": {"a": {**TASK, "staus": "Done"}}}, "events": []}, "Task has no 'staus'"),
        ({"state": {"tasks": {"a": {**TASK, "title": 3}}}, "events": []}, "tasks/a/title: 3 is no str"),
        ({"state": {"tasks": {"a": {**TASK, "attempt": True}}}, "events": []}, "attempt: True is no int"),
        ({"state": {"tasks": {"a": {**TASK, "status": "Redy"}}}, "events": []}, "'Redy' is none of"),
        ({"state": {"tasks": {"a": {"id": "a"}}}, "events": []}, "Task lacks 'title'"),
        ({"state": {"tasks": {}}, "events": [{**OPENED, "number": 7}]}, "PrOpened has no 'number'"),
        ({"state": {"tasks": {}}, "events": [{"type": "pr_opend"}]}, "'pr_opend' is none of"),
        ({"state": {"tasks": {}}}, "Input lacks 'events'"),
    ],
)
def test_what_is_not_as_declared_is_found(value: dict[str, Any], fault: str | None) -> None:
    found = list(faults(value, Input, "input"))
    assert not found if fault is None else any(fault in one for one in found), found
