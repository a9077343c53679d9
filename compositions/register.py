"""Handing our stages and compositions to the real engine, and holding its answers against ours."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compositions import Composition, CompositionError, catalogue, load, names
from compositions.catalogue import Catalogue, StageFile
from compositions.conformance import differences
from compositions.dry_run import NotRunnable
from compositions.effects import is_pure
from compositions.engine import Engine, EngineFault
from compositions.examples import examples_of
from compositions.graph import Stage, node_json, walk
from compositions.identity import implementation_hash, signature_id_of
from compositions.ntype import shorthand, to_json

COMPARED = ("composition_id", "type_check", "effects", "optimizer", "plan", "warnings")
MAPS = ("repo", "marks", "me", "tasks", "issues", "pulls", "shown", "kickoffs", "waiting")
STATE: dict[str, Any] = {"v": 1, "sprint": None, "queue": [], **{name: {} for name in MAPS}}
TURN: dict[str, Any] = {
    "state": STATE,
    "events": [],
    "actions": [],
    "now": "2026-11-21T07:00:00.000Z",
    "policy": {},
}
SIMPLE_EFFECTS = ("Fallible", "Network", "NonDeterministic", "Process", "Pure", "Unknown")


@dataclass
class Registration:
    """What was registered, and everything in which the engine's answers were not ours."""

    stages: dict[str, str] = field(default_factory=dict)
    compositions: dict[str, str] = field(default_factory=dict)
    runs: int = 0
    problems: list[str] = field(default_factory=list)


def specification(stage: StageFile) -> dict[str, Any]:
    """The stage as the engine takes it: the simple form where that can say all of it."""
    simple = all(effect["effect"] in SIMPLE_EFFECTS for effect in stage.effects)
    given = [one for one in examples_of(stage.file) if "output" in one]  # the others show an error
    examples = [{"input": one["input"], "output": one["output"]} for one in given]
    shared = {"name": stage.name, "description": stage.description, "tags": ["caloron"], "aliases": []}
    return {**shared, "examples": examples, **(in_short(stage) if simple else in_full(stage))}


def in_short(stage: StageFile) -> dict[str, Any]:
    given, output = stage.types
    return {
        "input": shorthand(given),
        "output": shorthand(output),
        "effects": [effect["effect"] for effect in stage.effects],
        "language": "python",
        "implementation": stage.source,
    }


def in_full(stage: StageFile) -> dict[str, Any]:
    """Effects with a parameter, such as a path, can only be told this way; the id is then ours."""
    given, output = stage.types
    return {
        "id": stage.stage_id,
        "signature_id": signature_id_of(stage),
        "signature": {
            "input": to_json(given),
            "output": to_json(output),
            "effects": {"effects": list(stage.effects)},
            "implementation_hash": implementation_hash(stage.source),
        },
        "capabilities": [],
        "cost": {},
        "lifecycle": "Draft",
        "implementation_code": stage.source,
        "implementation_language": "python",
        "properties": [],
    }


def resolved(composition: Composition) -> dict[str, Any]:
    """The composition by ids instead of names, for the parts of the engine that know no names."""

    def by_id(node: Any) -> Any:
        if isinstance(node, list):
            return [by_id(item) for item in node]
        if not isinstance(node, dict):
            return node
        if node.get("op") == "Stage":
            return {**node, "id": composition.stages.find(node["id"]).stage_id}
        if node.get("op") in ("Const", "RemoteStage"):
            return node
        return {key: by_id(value) for key, value in node.items()}

    graph = composition.graph
    root = by_id(node_json(graph.root))
    return {"description": graph.description, "version": graph.version, "root": root}


def register(
    home: Path | None = None,
    *,
    program: str = "noether",
    cases: int = 2,
    stages: Catalogue | None = None,
    compositions: list[str] | None = None,
) -> Registration:
    """Register everything, look at every composition, run those that are Pure.

    So many `cases` of each Pure composition are run, on the examples of its first stage. Without a `home`
    each composition has one of its own with just its stages: the engine rewrites all of it for every call.
    """
    stages = stages or catalogue()
    refuse_without_project(stages)
    chosen = names() if compositions is None else compositions
    done = Registration()
    if home is not None:
        fill(done, Engine(home, program), stages_of(chosen) or stages.stages, chosen, cases)
        return done
    with tempfile.TemporaryDirectory(prefix="noether-") as folder:
        for name in chosen:
            fill(done, Engine(Path(folder) / name, program), stages_of([name]), [name], cases)
        others = [stage for stage in stages.stages if stage.name not in done.stages]
        fill(done, Engine(Path(folder) / "others", program), others, [], cases)
    return done


def stages_of(compositions: Iterable[str]) -> list[StageFile]:
    """The stages that these compositions are made of, each once."""
    found: dict[str, StageFile] = {}
    for composition in map(load, compositions):
        nodes = (node for node in walk(composition.graph.root) if isinstance(node, Stage))
        found |= {stage.name: stage for stage in map(composition.find, nodes)}
    return list(found.values())


def fill(
    done: Registration, engine: Engine, stages: Iterable[StageFile], compositions: list[str], cases: int
) -> None:
    """Register these stages in one home, and look at these compositions there."""
    given = {stage.name: stage for stage in stages}
    ids = engine.sync({name: specification(stage) for name, stage in given.items()}) if given else {}
    done.stages |= ids
    done.problems += compare_ids(ids, given.values())
    for name in compositions:
        composition = load(name)
        done.compositions[name] = composition.id
        done.problems += compare_look(engine, composition)
        for case in golden_cases(composition)[:cases]:
            done.runs += 1
            done.problems += compare_run(engine, composition, case)


def refuse_without_project(stages: Catalogue) -> None:
    """Stages that touch the world import the project, so the engine's interpreter has to know it."""
    touching = [stage.name for stage in stages.stages if not is_pure(stage.effects)]
    if not touching:
        return
    named = os.environ.get("NOETHER_PYTHON", "python3")
    found = shutil.which(named)
    if found is None:
        raise EngineFault(f"there is no interpreter {named}: set NOETHER_PYTHON to one with the project")
    python = os.path.abspath(found)
    probe = "import importlib.util, sys; sys.exit(importlib.util.find_spec('shell') is None)"
    # From elsewhere, so that the folder which happens to be current does not count.
    done = subprocess.run([python, "-c", probe], cwd=tempfile.gettempdir(), capture_output=True)
    if done.returncode:
        words = f"{python} does not know the project, which {', '.join(touching[:3])} and others import"
        raise EngineFault(f"{words}: set NOETHER_PYTHON to an interpreter that has it installed")


def compare_ids(given: dict[str, str], stages: Iterable[StageFile]) -> Iterator[str]:
    for stage in stages:
        if given.get(stage.name) != stage.stage_id:
            yield f"stage {stage.name}: the engine's id is {given.get(stage.name)}, ours {stage.stage_id}"


def authored(composition: Composition) -> dict[str, Any]:
    graph = composition.graph
    return {"description": graph.description, "version": graph.version, "root": node_json(graph.root)}


def compare_look(engine: Engine, composition: Composition) -> Iterator[str]:
    """Ids, types, effects and plan of one composition."""
    code, theirs = engine.run(authored(composition), None, "--dry-run")
    try:
        looked_at = composition.look()
        ours = {key: looked_at[key] for key in COMPARED}
    except NotRunnable as error:
        ours = {"message": str(error)}
    theirs = {key: theirs[key] for key in (COMPARED if code == 0 else ("message",))}
    for place, one, other in differences(theirs, ours):
        yield f"composition {composition.name}{place}: the engine says {one!r}, we say {other!r}"


def golden_cases(composition: Composition) -> list[dict[str, Any]]:
    """Inputs on which a Pure composition can be run: its stages' examples, made whole to a turn."""
    if any(kinds - {"pure"} for kinds in composition.effects.values()):
        return []
    stages = dict.fromkeys(
        composition.find(node) for node in walk(composition.graph.root) if isinstance(node, Stage)
    )
    examples = [one for stage in stages for one in examples_of(stage.file) if "output" in one]
    cases = [{"name": one["name"], "input": whole_turn(one["input"])} for one in examples]
    cases.append({"name": "a turn without events", "input": TURN})
    return [case for case in cases if runs(composition, case["input"])]


def whole_turn(given: dict[str, Any]) -> dict[str, Any]:
    """An example's input with what it leaves out of a turn and its state."""
    state = given.get("state")
    return {**TURN, **given, **({"state": {**STATE, **state}} if isinstance(state, dict) else {})}


def runs(composition: Composition, given: Any) -> bool:
    """An example of one stage may say too little for the others."""
    try:
        composition.run(given)
    except CompositionError:
        return False
    return True


def compare_run(engine: Engine, composition: Composition, case: dict[str, Any]) -> Iterator[str]:
    """Output and trace of one run."""
    code, theirs = engine.run(authored(composition), case["input"])
    where = f"composition {composition.name}, {case['name']}"
    if code:
        yield f"{where}: the engine says {theirs['message']}"
        return
    run = composition.run(case["input"])
    compared = ("stage_id", "step_index", "input_hash", "output_hash", "status")

    def outcome(output: Any, trace: dict[str, Any]) -> dict[str, Any]:
        stages = [{key: entry[key] for key in compared} for entry in trace["stages"]]
        return {"output": output, "trace": stages}

    expected, actual = outcome(theirs["output"], theirs["trace"]), outcome(run.output, run.trace)
    for place, one, other in differences(expected, actual):
        yield f"{where}{place}: the engine says {one!r}, we say {other!r}"
