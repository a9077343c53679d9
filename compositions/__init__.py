"""Graphs of stages, and the engine that checks and runs them."""

import json
from collections.abc import Callable
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from compositions.catalogue import Catalogue, ReferenceFault, stage_files
from compositions.effects import kind_of, kinds_of
from compositions.execute import Compiler, start
from compositions.failure import CompositionError
from compositions.graph import Graph, GraphError, Stage, read_graph, walk
from compositions.standard import has_standard_graph, standard_graph
from compositions.trace import Record, make_trace

__all__ = ["CompositionError", "Run", "catalogue", "fingerprint", "load", "names", "run"]

FOLDER = Path(__file__).parent


class Run:
    """What a run gave, and how it came about."""

    def __init__(self, output: Any, record: Record, composition_id: Callable[[], str]) -> None:
        self.output = output
        self.record = record
        self.composition_id = composition_id

    @property
    def duration_ms(self) -> float:
        return self.record.nanoseconds / 1e6

    @cached_property
    def trace(self) -> dict[str, Any]:
        return make_trace(self.record, self.composition_id())


class Composition:
    """One loaded graph, compiled when it is first run."""

    def __init__(self, name: str, graph: Graph, stages: Catalogue) -> None:
        self.name = name
        self.graph = graph
        self.stages = stages

    def resolve(self, node: Stage) -> Any:
        """The stage that a node names; a LookupError in the engine's words when there is none."""
        return self.stages.find(node.id, node.pinning)

    def find(self, node: Stage) -> Any:
        try:
            return self.resolve(node)
        except ReferenceFault as error:
            raise CompositionError(f"composition {self.name}: {error}", node.id) from error

    @cached_property
    def id(self) -> str:
        from compositions.canonical import composition_id

        return composition_id(self.graph.root)

    @cached_property
    def ends(self) -> tuple[Any, Any]:
        """What it takes and gives; raises TypeErrors with all that does not fit."""
        from compositions.check import check

        return check(self.graph.root, self.find)

    def look(self) -> dict[str, Any]:
        """A dry run: ids, types, effects, plan and warnings; raises NotRunnable with what is wrong."""
        from compositions.dry_run import DryRun

        return DryRun(self.graph, self.resolve).report()

    @cached_property
    def program(self) -> Any:
        from compositions.canonical import optimize

        root = optimize(self.graph.root).root
        return Compiler(root, self.find).compile(root)

    @cached_property
    def effects(self) -> dict[str, frozenset[str]]:
        """The kinds of effects of each stage in the graph."""
        stages = [self.find(node) for node in walk(self.graph.root) if isinstance(node, Stage)]
        return {stage.name: frozenset(map(kind_of, stage.effects)) for stage in stages}

    def run(self, given: Any, effects: frozenset[str] | None = None) -> Run:
        if effects is not None:
            self.allow(kinds_of(effects))
        output, record = start(self.program, given)
        return Run(output, record, lambda: self.id)

    def allow(self, allowed: frozenset[str]) -> None:
        """Refuse to run at all when a stage declares what is not allowed."""
        for stage, kinds in self.effects.items():
            if more := sorted(kinds - allowed):
                words = f"stage {stage} declares {', '.join(more)}; only {', '.join(sorted(allowed))} may run"
                raise CompositionError(f"composition {self.name}: {words}", stage, words)


@cache
def catalogue() -> Catalogue:
    """The stages of this house."""
    return stage_files()


def names() -> list[str]:
    """The compositions of this house."""
    written = {file.stem for file in FOLDER.glob("*.json")}
    return sorted(written | {stage.name for stage in catalogue().stages if has_standard_graph(stage.name)})


@cache
def load(name: str) -> Composition:
    """The composition of that name."""
    if name not in names():
        raise CompositionError(f"there is no composition {name!r}; there are {', '.join(names()) or 'none'}")
    try:
        graph = read_graph(_as_written(name))
    except (GraphError, json.JSONDecodeError) as error:
        raise CompositionError(f"composition {name}: invalid graph JSON: {error}") from error
    return Composition(name, graph, catalogue())


def _as_written(name: str) -> Any:
    file = FOLDER / f"{name}.json"
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    return standard_graph(name, catalogue().find(name).description)


@cache
def fingerprint() -> str:
    """Changes with every stage, every graph and the engine: what a decision was made by."""
    from hashlib import sha256

    whole = sha256()
    folders = [FOLDER, *map(Path, import_module("stages").__path__)]
    for file in sorted(file for folder in folders for file in folder.rglob("*.*")):
        if file.suffix == ".py" or (file.suffix == ".json" and file.parent == FOLDER):
            whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()[:16]


def run(name: str, given: Any, *, effects: frozenset[str] | None = None) -> Run:
    """Run a composition by name; `effects` names the only effects that its stages may declare."""
    return load(name).run(given, effects)
