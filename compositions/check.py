"""Checking a graph: the types on every edge, and everything that does not fit, all at once."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

from compositions import graph as g
from compositions.ntype import ANY, BOOL, NType, display, list_of, record, union
from compositions.quoting import debug
from compositions.subtype import why_not
from compositions.unify import Unifiable, Unifier, has_variables


class Ends(NamedTuple):
    """What a node takes and gives."""

    input: NType
    output: NType


class TypeErrors(ValueError):
    """All that does not fit in a graph, one line each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("type check failed:\n" + "\n".join(f"  {error}" for error in errors))
        self.errors = errors


Find = Callable[[g.Stage], Any]


def check(root: g.Node, find: Find) -> Ends:
    """What the whole graph takes and gives; raises TypeErrors."""
    return check_all(root, find)[0]


def check_all(root: g.Node, find: Find) -> tuple[Ends, dict[str, Ends]]:
    """The same, and what each node takes and gives, by its place in the graph."""
    checker = Checker(find)
    ends = checker.ends(root)
    if checker.errors or ends is None:
        raise TypeErrors(checker.errors)
    places = {path: checker.known(found) for path, found in checker.places.items()}
    return checker.known(ends), places


class Checker:
    """One walk over a graph; what it finds wrong gathers in `errors`."""

    def __init__(self, find: Find) -> None:
        self.find = find
        self.errors: list[str] = []
        self.places: dict[str, Ends] = {}
        self.unifier = Unifier()

    def known(self, ends: Ends) -> Ends:
        return Ends(self.unifier.apply(ends.input), self.unifier.apply(ends.output))

    def ends(self, node: g.Node) -> Ends | None:
        found: Ends | None = getattr(self, type(node).__name__.lower())(node)
        if found is not None:
            self.places[node.path] = found
        return found

    def settled(self, node: g.Node) -> Ends | None:
        """What a node takes and gives, with what is known of its variables by now."""
        found = self.ends(node)
        return None if found is None else self.known(found)

    def empty(self, operator: str) -> Ends | None:
        self.errors.append(f"empty {operator} node")
        return None

    def fits(self, given: NType, expected: NType, edge: str, words: Callable[..., str]) -> None:
        """Note whatever is wrong with one edge."""
        given, expected = self.unifier.apply(given), self.unifier.apply(expected)
        if has_variables(given) or has_variables(expected):
            try:
                self.unifier.edge(given, expected)
            except Unifiable as reason:
                pair = f"cannot unify {display(given)} with {display(expected)}"
                self.errors.append(f"type-variable unification failed at {edge}: {pair}: {reason}")
        elif reason_text := why_not(given, expected):
            self.errors.append(words(display(given), display(expected), reason_text))

    def stage(self, node: g.Stage) -> Ends:
        ends = Ends(*self.find(node).types)
        if not node.config or ends.input.kind != "Record":
            return ends
        left = {name: field for name, field in ends.input.value.items() if name not in node.config}
        return Ends(record(left) if len(left) > 1 else ANY, ends.output)

    def remotestage(self, node: g.RemoteStage) -> Ends:
        return Ends(node.input, node.output)

    def const(self, node: g.Const) -> Ends:
        return Ends(ANY, ANY)

    def retry(self, node: g.Retry) -> Ends | None:
        return self.ends(node.stage)

    def sequential(self, node: g.Sequential) -> Ends | None:
        if not node.stages:
            return self.empty("Sequential")
        found = [self.settled(stage) for stage in node.stages]
        for position, (one, other) in enumerate(pairwise(found)):
            if one is not None and other is not None:
                words = mismatch_at(position)
                self.fits(one.output, other.input, f"sequential position {position}", words)
        first, last = found[0], found[-1]
        if first is None or last is None:
            return None
        return self.known(Ends(first.input, last.output))

    def parallel(self, node: g.Parallel) -> Ends | None:
        if not node.branches:
            return self.empty("Parallel")
        found = {name: self.settled(branch) for name, branch in node.branches.items()}
        whole = {name: ends for name, ends in found.items() if ends is not None}
        if len(whole) < len(found):
            return None
        inputs = {name: ends.input for name, ends in whole.items()}
        return Ends(record(inputs), record({name: ends.output for name, ends in whole.items()}))

    def branch(self, node: g.Branch) -> Ends | None:
        predicate, if_true, if_false = (self.ends(child) for child in g.children(node))
        if predicate is not None:
            self.fits(predicate.output, BOOL, "branch predicate", not_bool)
        if predicate is None or if_true is None or if_false is None:
            return None
        return Ends(predicate.input, union((if_true.output, if_false.output)))

    def fanout(self, node: g.Fanout) -> Ends | None:
        if not node.targets:
            return self.empty("Fanout")
        source = self.settled(node.source)
        targets = [self.settled(target) for target in node.targets]
        for index, target in enumerate(targets):
            if source is not None and target is not None:
                words = not_for_target(index)
                self.fits(source.output, target.input, f"fanout target {index}", words)
        outputs = [target.output for target in targets if target is not None]
        if source is None or len(outputs) < len(targets):
            return None
        return Ends(source.input, list_of(outputs[0] if len(outputs) == 1 else union(outputs)))

    def merge(self, node: g.Merge) -> Ends | None:
        if not node.sources:
            return self.empty("Merge")
        found = [self.settled(source) for source in node.sources]
        target = self.settled(node.target)
        sources = {f"source_{index}": ends for index, ends in enumerate(found) if ends is not None}
        if target is None:
            return None
        merged = record({name: ends.output for name, ends in sources.items()})
        self.fits(merged, target.input, "merge target", not_merged)
        return Ends(record({name: ends.input for name, ends in sources.items()}), target.output)

    def let(self, node: g.Let) -> Ends | None:
        if not node.bindings:
            return self.empty("Let")
        needed: dict[str, NType] = {}
        outputs: dict[str, NType] = {}
        anything = False
        for name, bound in node.bindings.items():
            ends = self.settled(bound)
            if ends is None:
                return None
            outputs[name] = ends.output
            if ends.input.kind == "Record":
                needed.update(ends.input.value)
            else:
                anything = True
        body = self.settled(node.body)
        if body is None:
            return None
        needed.update(self.still_needed(body.input, {**needed, **outputs}))
        return Ends(record(needed) if needed and not anything else ANY, body.output)

    def still_needed(self, wanted: NType, scope: dict[str, NType]) -> dict[str, NType]:
        """The body's fields that neither the bindings give nor the outer input is known to hold."""
        if wanted.kind != "Record":
            return {}
        for name, field in wanted.value.items():
            if name in scope:
                self.fits(scope[name], field, f"let binding {debug(name)}", mismatch_at(0))
        return {name: field for name, field in wanted.value.items() if name not in scope}


def mismatch_at(position: int) -> Callable[..., str]:
    return lambda given, expected, reason: (
        f"type mismatch at position {position}: output {given} is not subtype of input {expected}: {reason}"
    )


def not_bool(given: str, expected: str, reason: str) -> str:
    return f"branch predicate must produce Bool, got {given}"


def not_for_target(index: int) -> Callable[..., str]:
    return lambda given, expected, reason: (
        f"fanout target {index}: source output {given} is not subtype of target input {expected}: {reason}"
    )


def not_merged(given: str, expected: str, reason: str) -> str:
    return f"merge: merged type {given} is not subtype of target input {expected}: {reason}"
