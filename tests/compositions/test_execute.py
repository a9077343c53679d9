"""Running graphs: each operator, what is remembered, what a failure says, and how quick it is."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from compositions import Composition, CompositionError, Run
from compositions.catalogue import Catalogue
from compositions.effects import effect_set
from compositions.execute import Compiler, start
from compositions.failure import StageFailed
from compositions.graph import GraphError, Stage, read_graph
from compositions.ntype import ANY, NType

Json = Any


class Made:
    """A stage made of a function."""

    refined = False
    active = True
    types = (ANY, ANY)
    source = ""

    def __init__(self, name: str, execute: Callable[[Any], Any], *effects: str) -> None:
        self.name = name
        self.execute = execute
        self.effects = effect_set(effects)
        self.stage_id = f"id-of-{name}"


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures: int) -> None:
        self.left = failures
        self.calls = 0

    def __call__(self, given: Any) -> Any:
        self.calls += 1
        self.left -= 1
        if self.left >= 0:
            raise OSError("not yet")
        return given


def fail(given: Any) -> Any:
    raise ValueError("no such task")


def stage(name: str, **fields: Any) -> Json:
    return {"op": "Stage", "id": name, **fields}


def run(root: Json, given: Any, *more: Made, effects: frozenset[str] | None = None) -> Run:
    stages = [
        Made("echo", lambda given: given),
        Made("add", lambda given: given["a"] + given["b"]),
        Made("twice", lambda given: given * 2),
        Made("positive", lambda given: given > 0),
        Made("fail", fail, "Fallible"),
        Made("net", lambda given: given, "Network", "Fallible"),
        *more,
    ]
    graph = read_graph({"description": "", "version": "1", "root": root})
    return Composition("tried", graph, Catalogue(stages)).run(given, effects)


def both(**nodes: Json) -> Json:
    return nodes


@pytest.mark.parametrize(
    ("root", "given", "output"),
    [
        ({"op": "Sequential", "stages": [stage("twice"), stage("twice")]}, 3, 12),
        ({"op": "Const", "value": [1]}, "whatever", [1]),
        (
            {"op": "Parallel", "branches": both(u=stage("echo"), z=stage("echo"))},
            {"u": 1},
            {"u": 1, "z": {"u": 1}},
        ),
        (
            {
                "op": "Branch",
                "predicate": stage("positive"),
                "if_true": stage("twice"),
                "if_false": stage("echo"),
            },
            4,
            8,
        ),
        (
            {"op": "Fanout", "source": stage("twice"), "targets": [stage("echo"), stage("positive")]},
            2,
            [4, True],
        ),
        (
            {"op": "Merge", "sources": [stage("twice"), stage("echo")], "target": stage("echo")},
            {"source_0": 2},
            {"source_0": 4, "source_1": {}},
        ),
        (
            {"op": "Let", "bindings": both(b=stage("echo")), "body": stage("echo")},
            {"a": 1},
            {"a": 1, "b": {"a": 1}},
        ),
        ({"op": "Let", "bindings": both(a=stage("twice"), b=stage("echo")), "body": stage("add")}, 5, 15),
        (stage("add", config={"b": 10}), {"a": 1, "b": 2}, 11),
        (stage("echo", config={"items": 1}), "raw", {"items": 1, "text": "raw"}),
        (stage("echo"), None, {}),
        (stage("echo"), "[1, 2]", [1, 2]),
        (stage("echo"), "words", "words"),
    ],
)
def test_each_operator(root: Json, given: Any, output: Any) -> None:
    assert run(root, given).output == output


def test_a_failure_names_the_stage_and_keeps_the_cause() -> None:
    with pytest.raises(CompositionError, match="stage fail failed: no such task") as told:
        run({"op": "Sequential", "stages": [stage("echo"), stage("fail")]}, {})
    assert (told.value.stage, told.value.words) == ("fail", "no such task")
    assert isinstance(told.value.__cause__, ValueError)
    assert told.value.record is not None
    assert [entry.leaf.name for entry in told.value.record.entries] == ["echo", "fail"]


def test_the_first_failure_in_the_order_of_names_counts_after_all_have_run() -> None:
    seen: list[str] = []
    late = Made("late", lambda given: seen.append("late"))
    other = Made("other", Flaky(1))
    root = {"op": "Parallel", "branches": both(c=stage("late"), b=stage("other"), a=stage("fail"))}
    with pytest.raises(CompositionError, match="no such task"):
        run(root, {}, late, other)
    assert seen == ["late"]


def test_retry_tries_again_and_the_trace_tells_it() -> None:
    flaky = Flaky(2)
    done = run(
        {"op": "Retry", "max_attempts": 3, "stage": stage("flaky")},
        {"a": 1},
        Made("flaky", flaky, "Fallible"),
    )
    assert (done.output, flaky.calls) == ({"a": 1}, 3)
    entries = done.trace["stages"]
    assert [entry["step_index"] for entry in entries] == [0, 1, 2]
    assert [entry["output_hash"] is None for entry in entries] == [True, True, False]
    assert done.trace["status"] == "Failed"


def names_of(done: Run) -> list[str]:
    return [entry["name"] for entry in done.trace["stages"]]


@pytest.mark.parametrize(
    ("node", "before"),
    [
        ({"op": "Parallel", "branches": both(a=stage("echo"), b=stage("flaky"), c=stage("net"))}, ["echo"]),
        (
            {
                "op": "Let",
                "bindings": both(x={"op": "Sequential", "stages": [stage("net"), stage("flaky")]}),
                "body": stage("echo"),
            },
            [],
        ),
        (
            {
                "op": "Let",
                "bindings": both(x=stage("echo"), y=stage("flaky"), z=stage("net")),
                "body": stage("echo"),
            },
            ["echo"],
        ),
    ],
)
def test_of_side_by_side_that_failed_the_trace_keeps_what_stands_before(
    node: Json, before: list[str]
) -> None:
    done = run({"op": "Retry", "max_attempts": 2, "stage": node}, {"a": 1}, Made("flaky", Flaky(1)))
    whole = run(node, {"a": 1}, Made("flaky", Flaky(0)))
    assert names_of(done) == [*before, *names_of(whole)]
    assert done.trace["status"] == "Ok"


def refined_stage(cents: int) -> Made:
    priced = Made("priced", lambda given: given)
    priced.refined = True
    priced.types = (NType("Refined", (ANY, {"kind": "NonEmpty"})), ANY)
    priced.effects = effect_set([{"effect": "Cost", "cents": cents}])
    return priced


def test_an_input_that_is_refused_costs_nothing() -> None:
    priced = refined_stage(5)
    nodes = Catalogue([priced])
    retried = {"op": "Retry", "stage": stage("priced"), "max_attempts": 3}
    root = read_graph({"description": "", "version": "1", "root": retried}).root

    def find(node: Stage) -> Any:
        return nodes.find(node.id, node.pinning)

    with pytest.raises(StageFailed, match="string is empty") as told:
        start(Compiler(root, find).compile(root), "", budget=5)
    assert told.value.record is not None
    assert told.value.record.spent == 0
    assert start(Compiler(root, find, refine=False).compile(root), [], budget=5)[1].spent == 5


def test_a_pure_stage_is_not_run_twice_on_the_same() -> None:
    counted = Flaky(0)
    root = {"op": "Sequential", "stages": [stage("count"), stage("count"), stage("count")]}
    done = run(root, {"a": 1}, Made("count", counted))
    assert (counted.calls, done.record.hits, done.record.misses) == (1, 2, 1)
    assert len(done.trace["stages"]) == 3


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ([1, 2], [1, 2.0], False),
        (1, 1.0, False),
        (1, True, False),
        ({"a": [0]}, {"a": [False]}, False),
        (0.0, -0.0, False),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_what_is_remembered_is_alike_to_the_letter(one: Any, other: Any, same: bool) -> None:
    counted = Flaky(0)
    both = {"op": "Sequential", "stages": [stage("count"), stage("other"), stage("count")]}
    run(both, one, Made("count", counted), Made("other", lambda given: other))
    assert (counted.calls == 1) is same


def test_what_two_inputs_share_is_not_read_to_tell_them_apart() -> None:
    class Sealed(dict[str, Any]):
        def items(self) -> Any:
            raise AssertionError("a state is large; it was the very same")

    counted = Flaky(0)
    state = Sealed(tasks={})
    again = Made("again", lambda given: {"state": state, "actions": []})
    both = {"op": "Sequential", "stages": [stage("count"), stage("again"), stage("count")]}
    run(both, {"state": state, "actions": []}, Made("count", counted), again)
    assert counted.calls == 1


def test_effects_that_are_not_allowed_are_refused_before_anything_runs() -> None:
    counted = Flaky(0)
    root = {"op": "Sequential", "stages": [stage("count"), stage("net")]}
    with pytest.raises(CompositionError, match="stage net declares fallible, network; only pure may run"):
        run(root, {}, Made("count", counted), effects=frozenset({"Pure"}))
    assert counted.calls == 0
    assert run(
        root, {"a": 1}, Made("count", counted), effects=frozenset({"pure", "Network", "fallible"})
    ).output


def test_an_unknown_stage_is_told_in_the_engines_words() -> None:
    with pytest.raises(CompositionError, match="no stage in store matches prefix 'nowhere'"):
        run(stage("nowhere"), {})


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ({}, "missing field `op`"),
        ({"op": "Loop"}, "unknown variant `Loop`, expected one of `Stage`, `RemoteStage`"),
        ({"op": "Retry", "stage": {"op": "Const", "value": 1}}, "missing field `max_attempts`"),
        ({"op": "Retry", "stage": {"op": "Const", "value": 1}, "max_attempts": -1}, "expected u32"),
        ({"op": "Stage", "id": "echo", "pinning": "none"}, "expected `signature` or `both`"),
        ({"op": "Sequential", "stages": {}}, "invalid type: map, expected a sequence"),
        ({"op": None}, "invalid type: null, expected variant identifier"),
        ({"op": 1}, "invalid type: integer `1`, expected variant identifier"),
        (
            {"op": "Sequential", "stages": [{"op": 1}]},
            "missing field `url`",
        ),
        ([], "missing field `op`"),
        ({"op": "Stage", "id": "echo", "pinning": None}, "invalid type: null, expected string or map"),
        (
            {"op": "Stage", "id": "echo", "pinning": ["both"]},
            "invalid type: sequence, expected string or map",
        ),
        ({"op": "Stage", "id": "echo", "pinning": {"both": 1}}, "invalid type: integer `1`, expected unit"),
        (
            {"op": "RemoteStage", "url": "", "input": {"kind": "Map", "value": 1}, "output": {"kind": "Any"}},
            "invalid type: integer `1`, expected struct variant NType::Map",
        ),
    ],
)
def test_what_is_no_graph_is_told(root: Json, words: str) -> None:
    with pytest.raises(GraphError, match=words):
        read_graph({"description": "", "version": "1", "root": root})


def ten_tasks() -> Json:
    task = {
        "title": "Do it",
        "status": "Pending",
        "depends_on": [],
        "scope": ["src/"],
        "checks": {},
        "reviews": {},
    }
    return {"tasks": {f"t{number}": dict(task) for number in range(10)}, "sprint": {"id": "s"}}


def test_five_stages_on_ten_tasks_take_well_under_a_millisecond() -> None:
    step = {"op": "Let", "bindings": both(step=stage("decide")), "body": stage("take")}
    root = {"op": "Sequential", "stages": [step, step, stage("echo")]}
    decide = Made("decide", lambda turn: {"state": {**turn["state"]}, "actions": []})
    take = Made("take", lambda turn: {**turn, "state": turn["step"]["state"]})
    graph = read_graph({"description": "", "version": "1", "root": root})
    composition = Composition("tried", graph, Catalogue([decide, take, Made("echo", lambda given: given)]))
    turn = {"state": ten_tasks(), "events": [], "actions": [], "now": "", "policy": None}
    composition.run(turn)
    times = []
    for _ in range(20):
        started = time.process_time()
        composition.run(turn)
        times.append(time.process_time() - started)
    assert min(times) < 0.001
