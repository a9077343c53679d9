"""A composition that pipes the wrong record is refused by the type check, ours and the real engine's."""

import subprocess
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from compositions import catalogue
from compositions.annotations import type_of
from compositions.check import TypeErrors, check
from compositions.engine import Engine
from compositions.graph import read_graph
from compositions.ntype import ANY, NType, record, to_json
from stages import world
from tests.stages.test_world import MANY, RECORDS, SMALL, is_one_of, turn_of

NOETHER = Path(__file__).parents[2] / "tests" / "tools" / "noether"
NOWHERE = "http://127.0.0.1:9/"
installed = subprocess.run([str(NOETHER), "path"], capture_output=True).returncode == 0


def stage(given: NType, output: NType) -> dict[str, Any]:
    """A stage of these types, served elsewhere: it need not be there to be checked."""
    return {"op": "RemoteStage", "url": NOWHERE, "input": to_json(given), "output": to_json(output)}


def piped(given: NType, expected: NType) -> dict[str, Any]:
    return {"op": "Sequential", "stages": [stage(ANY, given), stage(expected, ANY)]}


def graph(root: dict[str, Any]) -> dict[str, Any]:
    return {"description": "Planted", "version": "0.1.0", "root": root}


Check = Callable[[dict[str, Any]], str]


def ours(root: dict[str, Any]) -> str:
    """What our type check says; empty if all fits."""
    try:
        check(read_graph(graph(root)).root, lambda node: catalogue().find(node.id, node.pinning))
    except TypeErrors as errors:
        return str(errors)
    return ""


def real(engine: Engine) -> Check:
    """What the real engine's says."""

    def checked(root: dict[str, Any]) -> str:
        code, data = engine.run(graph(root), None, "--dry-run")
        assert not code or data["message"].startswith("type check failed"), data
        return str(data["message"]) if code else ""

    return checked


NEEDS_ENGINE = [
    pytest.mark.noether,
    pytest.mark.skipif(not installed, reason="the real engine is not built: tests/tools/noether install"),
]


@pytest.fixture(params=["ours", pytest.param("real", marks=NEEDS_ENGINE)])
def checked(request: pytest.FixtureRequest, tmp_path: Path) -> Check:
    return ours if request.param == "ours" else real(Engine(tmp_path, str(NOETHER)))


TURN: dict[str, Any] = {
    "state": world.State,
    "events": list[world.Event],
    "actions": list[world.Action],
    "now": str,
    "policy": world.Policy,
}


def turn_with(**changed: Any) -> NType:
    return record({name: type_of(part) for name, part in {**TURN, **changed}.items()})


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, ""),
        ({"events": list[world.Action]}, "field `events`"),
        ({"actions": list[world.Event]}, "field `actions`"),
        ({"state": world.Task}, "field `state`"),
        ({"policy": world.State}, "field `policy`"),
    ],
)
def test_a_composition_that_pipes_the_wrong_record_is_refused(
    changed: dict[str, Any], refusal: str, checked: Check
) -> None:
    words = checked(piped(turn_with(**changed), turn_with()))
    assert (refusal in words) if refusal else not words, words[-300:]


def test_a_stage_is_not_given_actions_for_events(checked: Check) -> None:
    expected, _ = catalogue().find("notice_change").types
    sound = {"events": list[world.Changed | world.AccountShared]}
    assert checked(piped(turn_with(**sound), expected)) == ""
    assert "field `events`" in checked(piped(turn_with(events=list[world.Action]), expected))


@pytest.mark.parametrize("checked", [pytest.param("real", marks=NEEDS_ENGINE)], indirect=True)
def test_no_record_is_taken_for_another_by_the_real_engine(checked: Check) -> None:
    """All pairs, some thousand in one graph: the engine names every edge that does not fit."""
    taken = []
    for pairs in batches([*permutations(RECORDS, 2)]):
        words = checked(
            {"op": "Parallel", "branches": {"__".join(pair): piped_records(*pair) for pair in pairs}}
        )
        taken += [pair for pair in pairs if refusal_of(*pair) not in words]
    wrong = [pair for pair in taken if not is_one_of(*pair)]
    unnamed = [f"{one} is taken for {other}" for one, other in wrong if other not in MANY]
    assert not unnamed, "\n".join(unnamed)
    assert {other for _, other in wrong} == set(MANY)
    assert ("State", "SprintState") in taken  # the one that is meant to fit


def batches(pairs: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for start in range(0, len(pairs), 2000):
        yield pairs[start : start + 2000]


def piped_records(one: str, other: str) -> dict[str, Any]:
    return piped(RECORDS[one], RECORDS[other])


def refusal_of(one: str, other: str) -> str:
    return f"output {RECORDS[one]} is not subtype of input {RECORDS[other]}: "


def test_the_small_task_fits_the_evaluation_of_tasks(checked: Check) -> None:
    expected, _ = catalogue().find("dag_evaluate").types
    assert checked(piped(turn_of(SMALL), expected)) == ""
    without_one = {name: kind for name, kind in SMALL.items() if name != "depends_on"}
    assert "depends_on" in checked(piped(turn_of(without_one), expected))
