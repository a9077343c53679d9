"""A dry run: everything that can be said of a graph without running it, and why it may not run at all."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from compositions import graph as g
from compositions.canonical import Optimized, composition_id, optimize
from compositions.catalogue import PinningFault, ReferenceFault
from compositions.check import Ends, TypeErrors, check
from compositions.effects import cents_of, effect_set, is_pure, kind_of
from compositions.plan import Plan

Find = Callable[[g.Stage], Any]
NO_FILE, NOT_ALLOWED, FAILED = 1, 2, 3
REMOTE_EFFECTS = ("network", "fallible")


class NotRunnable(Exception):
    """The graph may not run; the code is the one that the engine's command line ends with."""

    def __init__(self, message: str, code: int, hints: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.hints = list(hints)


class Allowed:
    """What a run is granted; None grants all."""

    def __init__(
        self,
        effects: Iterable[str] | None = None,
        capabilities: Iterable[str] | None = None,
        budget: int | None = None,
    ) -> None:
        self.effects = None if effects is None else frozenset(effects)
        self.capabilities = None if capabilities is None else frozenset(capabilities)
        self.budget = budget


class DryRun:
    """One graph looked at from all sides; raises NotRunnable for the first kind of fault that it has."""

    def __init__(
        self, graph: g.Graph, find: Find, allowed: Allowed | None = None, optimized: bool = True
    ) -> None:
        self.graph = graph
        self.find = find
        self.allowed = allowed or Allowed()
        self.stages = resolve(graph.root, find)
        self.ends = self.check()
        self.warnings = list(warnings_of(graph.root, find))
        self.refuse()
        self.optimized = optimize(graph.root) if optimized else Optimized(graph.root)

    def check(self) -> Ends:
        try:
            return check(self.graph.root, self.find)
        except TypeErrors as error:
            raise NotRunnable(str(error), NOT_ALLOWED) from error

    def refuse(self) -> None:
        if hints := list(self.missing_capabilities()):
            raise NotRunnable(f"{len(hints)} capability violation(s)", NOT_ALLOWED, hints)
        if hints := list(self.missing_effects()):
            raise NotRunnable(f"{len(hints)} effect violation(s)", NOT_ALLOWED, hints)
        budget = self.allowed.budget
        if budget is not None and (cents := self.cents) > budget:
            hint = f"estimated composition cost ({cents}¢) exceeds budget ({budget}¢)"
            raise NotRunnable("composition exceeds cost budget", NOT_ALLOWED, [hint])

    def missing_capabilities(self) -> Iterator[str]:
        granted = self.allowed.capabilities
        for stage in self.stages if granted is not None else ():
            for capability in stage.capabilities:
                if word_of(capability) not in (granted or ()):
                    yield f"stage {stage.stage_id} requires capability {capability} which is not granted"

    def missing_effects(self) -> Iterator[str]:
        granted = self.allowed.effects
        if granted is None:
            return
        for node in g.walk(self.graph.root):
            if isinstance(node, g.Stage):
                stage = self.find(node)
                for kind in map(kind_of, stage.effects):
                    if kind not in granted:
                        words = f"declares effect {kind}; grant it with --allow-effects {kind}"
                        yield f"stage '{stage.description}' {words}"
            elif isinstance(node, g.RemoteStage):
                for kind in REMOTE_EFFECTS:
                    if kind not in granted:
                        words = f"declares implicit effect {kind}; grant with --allow-effects {kind}"
                        yield f"RemoteStage {words}"

    @property
    def cents(self) -> int:
        return sum(cents_of(stage.effects) for stage in self.stages)

    @property
    def expected_cents(self) -> int:
        """What a run is expected to cost: each stage that is left in the graph counts once."""
        nodes = g.walk(self.optimized.root)
        stages = {stage.stage_id: stage for stage in (self.find(n) for n in nodes if isinstance(n, g.Stage))}
        return sum(cents_of(stage.effects) for stage in stages.values())

    @property
    def effects(self) -> list[str]:
        return effects_of(self.graph.root, self.find)

    def report(self) -> dict[str, Any]:
        """As the engine's command line reports it."""
        report: dict[str, Any] = {
            "mode": "dry-run",
            "composition_id": composition_id(self.graph.root),
            "description": self.graph.description,
            "type_check": {"input": str(self.ends.input), "output": str(self.ends.output)},
            "effects": self.effects,
            "optimizer": self.optimized.report(),
            "plan": Plan(self.optimized.root, self.find).report(),
            "warnings": self.warnings,
        }
        cents = self.expected_cents
        if self.allowed.budget is not None and cents:
            report["expected_cost_cents"] = cents
        return report


def resolve(root: g.Node, find: Find) -> list[Any]:
    """Every stage of the graph; the first reference that finds none ends it, then the first not active."""
    stages: list[Any] = []
    faults: list[ReferenceFault] = []
    for node in g.walk(root):
        if isinstance(node, g.Stage):
            try:
                stages.append(find(node))
            except ReferenceFault as error:
                faults.append(error)
    for fault in sorted(faults, key=lambda fault: isinstance(fault, PinningFault)):
        raise NotRunnable(str(fault), NO_FILE) from fault
    return stages


def effects_of(root: g.Node, find: Find) -> list[str]:
    """The kinds of effects of all nodes, whether they will run or not; two of one kind but not of one price
    are two."""
    effects: list[Any] = []
    for node in g.walk(root):
        match node:
            case g.Stage():
                effects.extend(find(node).effects)
            case g.Const():
                effects.append("Pure")
            case g.RemoteStage():
                effects.extend(REMOTE_EFFECTS)
    return sorted(map(kind_of, effect_set(effects)))


def word_of(capability: str) -> str:
    return {"FsRead": "fs-read", "FsWrite": "fs-write"}.get(capability, capability.lower())


def warnings_of(root: g.Node, find: Find) -> Iterator[str]:
    """What deserves a second look: failures nothing repeats, and chance that feeds what is remembered."""
    found: list[tuple[str | None, str]] = []
    gather_warnings(root, find, found)
    return (words for _, words in found)


def gather_warnings(node: g.Node, find: Find, found: list[tuple[str | None, str]]) -> None:
    stages = node.stages if isinstance(node, g.Sequential) else ()
    for child, after in zip(g.children(node), (*stages[1:], None) if stages else endless(), strict=False):
        gather_warnings(child, find, found)
        if stages:
            found.extend(warnings_at(child, after, find))
    if isinstance(node, g.Retry) and isinstance(node.stage, g.Stage):
        repeated = find(node.stage).stage_id
        found[:] = [warning for warning in found if warning[0] != repeated]


def endless() -> Iterator[None]:
    while True:
        yield None


def warnings_at(node: g.Node, after: g.Node | None, find: Find) -> Iterator[tuple[str | None, str]]:
    if not isinstance(node, g.Stage):
        return
    stage = find(node)
    if has(stage, "Fallible"):
        words = "is Fallible but has no Retry wrapper; failures will propagate"
        yield stage.stage_id, f"stage {stage.stage_id} {words}"
    if has(stage, "NonDeterministic") and isinstance(after, g.Stage) and is_pure(find(after).effects):
        words = f"feeds Pure stage {find(after).stage_id}; Pure caching will be bypassed"
        yield None, f"stage {stage.stage_id} is NonDeterministic but {words}"


def has(stage: Any, effect: str) -> bool:
    return any(one["effect"] == effect for one in stage.effects)
