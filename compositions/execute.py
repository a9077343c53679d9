"""Running a graph: each node becomes a function once, and a run calls the one at the root."""

import json
from collections.abc import Callable
from time import perf_counter_ns, time
from typing import Any

from compositions import graph as g
from compositions.effects import cents_of, is_pure
from compositions.failure import CompositionError, OverBudget, StageFailed
from compositions.trace import Entry, Frame, Leaf, Record

CONFIG_KEYS = ("items", "text", "data", "input", "records", "train", "document", "html", "csv", "json_str")


Run = Callable[[Any, Frame], Any]


class Compiler:
    """Makes the functions of one graph; it remembers only where the same work can come twice."""

    def __init__(
        self, root: g.Node, find: Callable[[g.Stage], Any], memoize: bool = True, refine: bool = True
    ) -> None:
        self.find = find
        self.memoize = memoize
        self.refine = refine
        self.twice = repeated(root, find)

    def compile(self, node: g.Node, memo: bool = True) -> Run:
        match node:
            case g.Stage():
                return self.stage(node, memo and self.memoize)
            case g.Const(value=value):
                return lambda given, frame: value
            case g.Sequential(stages=stages):
                return sequential([self.compile(stage, memo) for stage in stages])
            case g.Parallel(branches=branches):
                return parallel({name: self.compile(branch, False) for name, branch in branches.items()})
            case g.Branch():
                return branch(*(self.compile(child, memo) for child in g.children(node)))
            case g.Fanout():
                targets = [self.compile(target, memo) for target in node.targets]
                return fanout(self.compile(node.source, memo), targets)
            case g.Merge():
                sources = [self.compile(source, memo) for source in node.sources]
                return merge(sources, self.compile(node.target, memo))
            case g.Retry():
                return retry(self.compile(node.stage, memo), node.max_attempts)
            case g.Let():
                bindings = {name: self.compile(bound, False) for name, bound in node.bindings.items()}
                return let(bindings, self.compile(node.body, memo))
            case g.RemoteStage():
                return remote(node.url)

    def stage(self, node: g.Stage, memo: bool) -> Run:
        stage = self.find(node)
        leaf = Leaf(stage.name, node.path, lambda: str(stage.stage_id))
        run = call(leaf, stage.execute)
        cents = cents_of(stage.effects)
        if cents:
            run = charged(leaf, cents, run)
        if stage.refined and self.refine:
            from compositions.refinements import guarded

            # Around what charges: an input that is refused costs nothing.
            run = guarded(leaf, stage.types, run)
        if memo and is_pure(stage.effects):
            run = remembering(leaf, id(stage), run) if id(stage) in self.twice else counting(run)
        return configured(node.config, run) if node.config is not None else run


def repeated(root: g.Node, find: Callable[[g.Stage], Any]) -> set[int]:
    """The stages that a run may come to more than once."""
    once: set[int] = set()
    twice: set[int] = set()

    def visit(node: g.Node, in_retry: bool) -> None:
        if isinstance(node, g.Stage):
            stage = id(find(node))
            (twice if in_retry or stage in once else once).add(stage)
        for child in g.children(node):
            visit(child, in_retry or isinstance(node, g.Retry))

    visit(root, False)
    return twice


def as_argument(given: Any) -> Any:
    """What a stage is handed: nothing becomes an empty object, and text that is JSON is read."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return given
    return {} if given is None else given


def call(leaf: Leaf, execute: Callable[[Any], Any]) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        step = frame.step
        frame.step = step + 1
        argument = given if type(given) is dict else as_argument(given)
        started = perf_counter_ns()
        try:
            output = execute(argument)
        except Exception as error:
            failed = Entry(leaf, step, given, None, perf_counter_ns() - started, error)
            frame.record.entries.append(failed)
            words = getattr(error, "engine_words", None) or str(error) or type(error).__name__
            raise StageFailed(leaf.name, leaf.stage_id, words) from error
        frame.record.entries.append(Entry(leaf, step, given, output, perf_counter_ns() - started))
        return output

    return run


def counting(run: Run) -> Run:
    def counted(given: Any, frame: Frame) -> Any:
        frame.record.misses += 1
        return run(given, frame)

    return counted


def remembering(leaf: Leaf, key: int, run: Run) -> Run:
    def remembered(given: Any, frame: Frame) -> Any:
        before = frame.remembered.setdefault(key, [])
        for earlier, output in before:
            if earlier == given and alike(earlier, given):
                frame.record.hits += 1
                frame.record.entries.append(Entry(leaf, frame.step, given, output, 0))
                frame.step += 1
                return output
        frame.record.misses += 1
        output = run(given, frame)
        before.append((given, output))
        return output

    return remembered


def alike(one: Any, other: Any) -> bool:
    """Whether equal values are also one text to the engine: 1, 1.0 and true are equal, their texts differ.

    What both share is not walked through: most of a state is the very same from step to step.
    """
    if one is other:
        return True
    match one:
        case dict():
            return isinstance(other, dict) and all(
                key in other and alike(value, other[key]) for key, value in one.items()
            )
        case list():
            return isinstance(other, list) and all(map(alike, one, other))
        case float():
            return isinstance(other, float) and repr(one) == repr(other)
        case _:
            return type(one) is type(other) and one == other


def charged(leaf: Leaf, cents: int, run: Run) -> Run:
    def paid(given: Any, frame: Frame) -> Any:
        record = frame.record
        if record.budget is not None and record.spent + cents > record.budget:
            words = f"cost budget exceeded at runtime: spent {record.spent}¢ of {record.budget}¢"
            raise OverBudget(words, leaf.name)
        record.spent += cents
        return run(given, frame)

    return paid


def configured(config: dict[str, Any], run: Run) -> Run:
    key = next((name for name in CONFIG_KEYS if name not in config), "items")

    def with_config(given: Any, frame: Frame) -> Any:
        whole = {**given, **config} if isinstance(given, dict) else {key: given, **config}
        return run(whole, frame)

    return with_config


def sequential(stages: list[Run]) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        for stage in stages:
            given = stage(given, frame)
        return given

    return run


def all_of(runs: dict[str, Run], given: Callable[[str], Any], frame: Frame) -> dict[str, Any]:
    """Every one to its end, each with steps of its own; then the first failure in the order of names.

    Of what has failed, the record keeps only what stands before the first failure: a Retry tells no more.
    """
    outputs: dict[str, Any] = {}
    failures: list[tuple[int, Exception]] = []
    entries = frame.record.entries
    for name, run in runs.items():
        before = len(entries)
        try:
            outputs[name] = run(given(name), Frame(frame.record))
        except CompositionError as error:
            failures.append((before, error))
    if failures:
        kept, first = failures[0]
        del entries[kept:]
        raise first
    return outputs


def parallel(branches: dict[str, Run]) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        named = isinstance(given, dict)
        return all_of(branches, lambda name: given[name] if named and name in given else given, frame)

    return run


def branch(predicate: Run, if_true: Run, if_false: Run) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        return (if_true if predicate(given, frame) is True else if_false)(given, frame)

    return run


def fanout(source: Run, targets: list[Run]) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        output = source(given, frame)
        return [target(output, frame) for target in targets]

    return run


def merge(sources: list[Run], target: Run) -> Run:
    names = [f"source_{index}" for index in range(len(sources))]

    def run(given: Any, frame: Frame) -> Any:
        whole = isinstance(given, dict)
        outputs = {
            name: source(given.get(name) if whole else given, frame)
            for name, source in zip(names, sources, strict=True)
        }
        return target(outputs, frame)

    return run


def retry(stage: Run, attempts: int) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        failure = CompositionError('retry exhausted after 0 attempts for stage StageId("unknown")')
        for _ in range(attempts):
            try:
                return stage(given, frame)
            except CompositionError as error:
                failure = error
        raise failure

    return run


def let(bindings: dict[str, Run], body: Run) -> Run:
    if len(bindings) == 1:
        return let_one(*next(iter(bindings.items())), body)

    def run(given: Any, frame: Frame) -> Any:
        outputs = all_of(bindings, lambda name: given, frame)
        return body({**given, **outputs} if isinstance(given, dict) else outputs, frame)

    return run


def let_one(name: str, bound: Run, body: Run) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        entries = frame.record.entries
        before = len(entries)
        try:
            output = bound(given, Frame(frame.record))
        except CompositionError:
            del entries[before:]
            raise
        return body({**given, name: output} if isinstance(given, dict) else {name: output}, frame)

    return run


def remote(url: str) -> Run:
    def run(given: Any, frame: Frame) -> Any:
        from compositions.remote import ask

        try:
            return ask(url, given)
        except (OSError, ValueError) as error:
            raise CompositionError(f"remote call to {url} failed: {error}", url) from error

    return run


def start(program: Run, given: Any, budget: int | None = None) -> tuple[Any, Record]:
    """One run: the output and the record of how it came about."""
    record = Record(time(), budget)
    started = perf_counter_ns()
    try:
        output = program(given, Frame(record))
    except CompositionError as error:
        record.nanoseconds = perf_counter_ns() - started
        error.record = record
        raise
    record.nanoseconds = perf_counter_ns() - started
    return output, record
