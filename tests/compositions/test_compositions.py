"""Every composition of ours fits together, and every stage is one that the real engine could take."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compositions import catalogue, load, names
from compositions.catalogue import StageFile
from compositions.draw import mermaid, tree
from compositions.examples import examples_of
from compositions.register import specification

ROOT = Path(__file__).parents[2]
STAGES = list(catalogue().stages)


@pytest.mark.parametrize("name", names())
def test_the_types_of_a_composition_fit(name: str) -> None:
    assert load(name).ends


@pytest.mark.parametrize("name", names())
def test_a_composition_can_be_drawn(name: str) -> None:
    composition = load(name)
    stages = composition.effects
    for drawing in (tree(composition), mermaid(composition)):
        assert [stage for stage in stages if stage not in drawing] == []


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_says_its_types_and_effects(stage: StageFile) -> None:
    assert len(stage.stage_id) == 64
    assert specification(stage)["description"].endswith(".")


def test_no_two_stages_share_a_name() -> None:
    assert [name for name, stages in catalogue().by_name.items() if len(stages) > 1] == []


def in_order(value: Any) -> Any:
    """The same value with sorted keys, as the real engine hands it to a stage, and as a store may."""
    return json.loads(json.dumps(value, sort_keys=True))


@pytest.mark.parametrize(
    "stage", [one for one in STAGES if one.effects == ({"effect": "Pure"},)], ids=lambda stage: stage.name
)
def test_an_example_holds_when_keys_come_in_order(stage: StageFile) -> None:
    for example in examples_of(stage.file):
        if "output" in example:
            assert stage.execute(in_order(example["input"])) == example["output"], example["name"]


def test_loading_the_engine_loads_no_package_and_is_quick() -> None:
    code = (
        "import sys, time; before = set(sys.modules); started = time.process_time();"
        "import stages, compositions; spent = time.process_time() - started;"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(spent * 1000); print(*sorted(loaded - set(sys.stdlib_module_names)))"
    )
    spent = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        took, loaded = done.stdout.splitlines()
        assert loaded == "compositions stages"
        spent.append(float(took))
    assert min(spent) < 60
