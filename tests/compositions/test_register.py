"""The real engine, where it is installed, agrees with ours on our own stages and compositions."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from compositions import catalogue, load, names
from compositions.catalogue import Catalogue
from compositions.conformance import compare
from compositions.engine import EngineFault
from compositions.register import golden_cases, in_full, in_short, refuse_without_project, register, resolved
from tests.compositions.record import record

ROOT = Path(__file__).parents[2]
NOETHER = ROOT / "tests" / "tools" / "noether"

installed = subprocess.run([str(NOETHER), "path"], capture_output=True).returncode == 0
real = pytest.mark.skipif(not installed, reason="the real engine is not built: tests/tools/noether install")

TICKS = {"sprint_tick_core", "sprint_tick_stateful"}  # tests/ticks runs these, on a real forge
ASKING = {name for name in names() if name.endswith("_llm")}  # test_asking runs these, on a model at the wire
TOUCHING = TICKS | ASKING


@pytest.fixture
def interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter for stages that knows the project, as an installed one would."""
    file = tmp_path / "python"
    file.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("NOETHER_PYTHON", str(file))
    monkeypatch.setenv(
        "CALORON_TOOLS", os.environ.get("CALORON_TOOLS", str(Path.home() / ".cache/caloron-tools"))
    )


@real
@pytest.mark.noether
def test_the_real_engine_agrees_on_everything_of_ours(interpreter: None) -> None:
    done = register(program=str(NOETHER), cases=1)
    assert done.problems == []
    assert set(done.compositions) == set(names())
    assert len(done.stages) == len(catalogue().stages)
    assert done.runs >= len(names()) - len(TOUCHING)


def test_every_composition_without_effects_has_an_example_to_run() -> None:
    golden = {name: [case["name"] for case in golden_cases(load(name))] for name in names()}
    without = {name for name, cases in golden.items() if not set(cases) - {"a turn without events"}}
    assert without == TOUCHING


@real
@pytest.mark.noether
def test_fresh_vectors_agree(tmp_path: Path) -> None:
    record(tmp_path, seed=11, graphs=20, pairs=40)
    said: list[str] = []
    passed, failed = compare(tmp_path, said.append)
    assert (said, failed) == ([], 0)
    assert passed > 100


def test_without_the_engine_it_is_told_what_to_do() -> None:
    with pytest.raises(EngineFault, match="is not on the PATH; install Noether"):
        register(program="no-such-noether", stages=Catalogue([]), compositions=[])


def test_stages_that_touch_the_world_need_an_interpreter_with_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOETHER_PYTHON", "false")
    with pytest.raises(EngineFault, match="set NOETHER_PYTHON to an interpreter that has it installed"):
        register(program="sh", compositions=[])


def test_an_interpreter_may_be_named_from_here_and_must_exist(
    interpreter: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOETHER_PYTHON", os.path.relpath(os.environ["NOETHER_PYTHON"]))
    refuse_without_project(catalogue())
    monkeypatch.setenv("NOETHER_PYTHON", "no-such-python")
    with pytest.raises(EngineFault, match="there is no interpreter no-such-python: set NOETHER_PYTHON"):
        refuse_without_project(catalogue())


def test_both_forms_of_a_specification_say_the_same() -> None:
    stage = catalogue().find("take_step")
    short, full = in_short(stage), in_full(stage)
    assert full["implementation_code"] == short["implementation"]
    assert "__main__" not in short["implementation"]
    assert full["id"] == stage.stage_id


def test_names_become_ids_for_the_parts_that_know_no_names() -> None:
    composition = load("full_cycle")
    text = json.dumps(resolved(composition))
    assert all(stage.stage_id in text for stage in map(catalogue().find, composition.effects))
    assert not any(f'"{name}"' in text for name in composition.effects)
