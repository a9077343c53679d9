"""A composition: the description, the version, and the tree of operators that its JSON file holds."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from compositions.ntype import NType, TypeFault, identifier, json_kind, read_strict, to_json, variant

OPERATORS = (
    "Stage",
    "RemoteStage",
    "Const",
    "Sequential",
    "Parallel",
    "Branch",
    "Fanout",
    "Merge",
    "Retry",
    "Let",
)
PINNINGS = ("signature", "both")
GRAPH_FIELDS = ("description", "root", "version")


class GraphError(ValueError):
    """The JSON is not a composition; the text says which field is wrong, and the place where a reader of the
    text notices: a field of the graph, `op` for the operator of its root, or nothing for the end."""

    def __init__(self, words: str, place: str = "") -> None:
        super().__init__(words)
        self.place = place


class Stage(NamedTuple):
    """Runs one stage, found by name, id or the beginning of an id."""

    id: str
    pinning: str = "signature"
    config: dict[str, Any] | None = None
    path: str = ""


class RemoteStage(NamedTuple):
    """Asks a stage that is served elsewhere."""

    url: str
    input: NType
    output: NType
    path: str = ""


class Const(NamedTuple):
    """Gives a value, whatever comes in."""

    value: Any
    path: str = ""


class Sequential(NamedTuple):
    """One after the other, each on what the one before gave."""

    stages: tuple["Node", ...]
    path: str = ""


class Parallel(NamedTuple):
    """Named branches, each on the input's field of its name, or on the whole input where there is none."""

    branches: dict[str, "Node"]
    path: str = ""


class Branch(NamedTuple):
    """One of two arms, chosen by a predicate; both take the original input."""

    predicate: "Node"
    if_true: "Node"
    if_false: "Node"
    path: str = ""


class Fanout(NamedTuple):
    """The source's output handed to each target; the answers as a list."""

    source: "Node"
    targets: tuple["Node", ...]
    path: str = ""


class Merge(NamedTuple):
    """The sources' outputs gathered as source_0, source_1, … for one target."""

    sources: tuple["Node", ...]
    target: "Node"
    path: str = ""


class Retry(NamedTuple):
    """Up to so many tries; the last error counts."""

    stage: "Node"
    max_attempts: int
    delay_ms: int | None = None
    path: str = ""


class Let(NamedTuple):
    """Named results beside the input's own fields, for a body that needs both."""

    bindings: dict[str, "Node"]
    body: "Node"
    path: str = ""


Node = Stage | RemoteStage | Const | Sequential | Parallel | Branch | Fanout | Merge | Retry | Let


class Graph(NamedTuple):
    """What a composition's file says."""

    description: str
    version: str
    root: Node


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in the order in which they stand."""
    match node:
        case Sequential(stages=stages):
            yield from stages
        case Parallel(branches=branches):
            yield from branches.values()
        case Branch():
            yield from (node.predicate, node.if_true, node.if_false)
        case Fanout():
            yield node.source
            yield from node.targets
        case Merge():
            yield from node.sources
            yield node.target
        case Retry():
            yield node.stage
        case Let():
            yield from node.bindings.values()
            yield node.body
        case _:
            return


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def read_graph(given: Any) -> Graph:
    """The graph that this JSON value describes; its fields in the order in which they stand, as a fault may
    be in more than one."""
    if isinstance(given, list):
        given = listed(given)
    if not isinstance(given, Mapping):
        raise GraphError(f"invalid type: {json_kind(given)}, expected struct CompositionGraph")
    found: dict[str, Any] = {}
    for name in given:
        if name == "root":
            found[name] = read_node(given[name])
        elif name in GRAPH_FIELDS:
            found[name] = text_of(given[name], name)
    for name in GRAPH_FIELDS:
        if name not in found:
            raise GraphError(f"missing field `{name}`")
    return Graph(found["description"], found["version"], found["root"])


def listed(given: list[Any]) -> dict[str, Any]:
    """A graph whose fields stand in a list, which the engine takes as well."""
    fields = dict(zip(GRAPH_FIELDS, given, strict=False))
    if len(given) < len(GRAPH_FIELDS):
        read_graph({**dict.fromkeys(GRAPH_FIELDS, ""), "root": {"op": "Const", "value": None}, **fields})
        raise GraphError(f"invalid length {len(given)}, expected struct CompositionGraph with 3 elements")
    if len(given) > len(GRAPH_FIELDS):
        raise GraphError("trailing characters")
    return fields


def read_node(given: Any, path: str = "root") -> Node:
    """The node that this JSON value describes; keys it does not know are passed over."""
    at_root = path == "root"
    place = path if at_root else ""
    if given != [] and not isinstance(given, Mapping):
        words = f"invalid type: {json_kind(given)}, expected internally tagged enum CompositionNode"
        raise GraphError(words, place)
    if "op" not in given:
        raise GraphError("missing field `op`", place)
    try:
        # Of the root, the engine reads the operator before it has seen the rest.
        operator = identifier(given["op"], OPERATORS, numbered=not at_root)
    except TypeFault as error:
        raise GraphError(str(error), "op" if at_root else "") from error
    node: Node = READERS[operator](given, path)
    return node


def need(given: Mapping[str, Any], name: str) -> Any:
    if name not in given:
        raise GraphError(f"missing field `{name}`")
    return given[name]


def text_of(value: Any, place: str = "") -> str:
    if not isinstance(value, str):
        raise GraphError(f"invalid type: {json_kind(value)}, expected a string", place)
    return value


def read_type(value: Any) -> NType:
    try:
        return read_strict(value)
    except TypeFault as error:
        raise GraphError(str(error)) from error


def count_of(value: Any, bits: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise GraphError(f"invalid type: {json_kind(value)}, expected u{bits}")
    if not 0 <= value < 2**bits:
        raise GraphError(f"invalid value: integer `{value}`, expected u{bits}")
    return value


def read_all(given: Any, path: str) -> tuple[Node, ...]:
    if not isinstance(given, list):
        raise GraphError(f"invalid type: {json_kind(given)}, expected a sequence")
    return tuple(read_node(item, f"{path}[{index}]") for index, item in enumerate(given))


def read_named(given: Any, path: str) -> dict[str, Node]:
    """Nodes by name, in the order of the names: that is the order in which they run and fail."""
    if not isinstance(given, Mapping):
        raise GraphError(f"invalid type: {json_kind(given)}, expected a map")
    return {name: read_node(given[name], f"{path}.{name}") for name in sorted(given)}


def read_stage(given: Mapping[str, Any], path: str) -> Node:
    try:
        pinning = variant(given.get("pinning", "signature"), PINNINGS)
    except TypeFault as error:
        raise GraphError(str(error)) from error
    config = given.get("config")
    if config is not None and not isinstance(config, Mapping):
        raise GraphError(f"invalid type: {json_kind(config)}, expected a map")
    return Stage(text_of(need(given, "id")), pinning, dict(config) if config is not None else None, path)


def read_retry(given: Mapping[str, Any], path: str) -> Node:
    delay = given.get("delay_ms")
    return Retry(
        read_node(need(given, "stage"), f"{path}.stage"),
        count_of(need(given, "max_attempts"), 32),
        None if delay is None else count_of(delay, 64),
        path,
    )


READERS: dict[str, Any] = {
    "Stage": read_stage,
    "RemoteStage": lambda g, p: RemoteStage(
        text_of(need(g, "url")), read_type(need(g, "input")), read_type(need(g, "output")), p
    ),
    "Const": lambda g, p: Const(need(g, "value"), p),
    "Sequential": lambda g, p: Sequential(read_all(need(g, "stages"), f"{p}.stages"), p),
    "Parallel": lambda g, p: Parallel(read_named(need(g, "branches"), f"{p}.branches"), p),
    "Branch": lambda g, p: Branch(
        read_node(need(g, "predicate"), f"{p}.predicate"),
        read_node(need(g, "if_true"), f"{p}.if_true"),
        read_node(need(g, "if_false"), f"{p}.if_false"),
        p,
    ),
    "Fanout": lambda g, p: Fanout(
        read_node(need(g, "source"), f"{p}.source"), read_all(need(g, "targets"), f"{p}.targets"), p
    ),
    "Merge": lambda g, p: Merge(
        read_all(need(g, "sources"), f"{p}.sources"), read_node(need(g, "target"), f"{p}.target"), p
    ),
    "Retry": read_retry,
    "Let": lambda g, p: Let(
        read_named(need(g, "bindings"), f"{p}.bindings"), read_node(need(g, "body"), f"{p}.body"), p
    ),
}


def node_json(node: Node) -> dict[str, Any]:
    """The node as JSON, with the fields that the canonical form writes."""
    match node:
        case Stage():
            fields: dict[str, Any] = {"id": node.id}
            if node.pinning != "signature":
                fields["pinning"] = node.pinning
            if node.config is not None:
                fields["config"] = node.config
        case RemoteStage():
            fields = {"url": node.url, "input": to_json(node.input), "output": to_json(node.output)}
        case Const():
            fields = {"value": node.value}
        case Sequential():
            fields = {"stages": [node_json(stage) for stage in node.stages]}
        case Parallel():
            fields = {"branches": named_json(node.branches)}
        case Branch():
            arms = ("predicate", "if_true", "if_false")
            fields = {arm: node_json(getattr(node, arm)) for arm in arms}
        case Fanout():
            fields = {
                "source": node_json(node.source),
                "targets": [node_json(target) for target in node.targets],
            }
        case Merge():
            fields = {
                "sources": [node_json(source) for source in node.sources],
                "target": node_json(node.target),
            }
        case Retry():
            fields = {
                "stage": node_json(node.stage),
                "max_attempts": node.max_attempts,
                "delay_ms": node.delay_ms,
            }
        case Let():
            fields = {"bindings": named_json(node.bindings), "body": node_json(node.body)}
    return {"op": type(node).__name__, **fields}


def named_json(nodes: dict[str, Node]) -> dict[str, Any]:
    return {name: node_json(node) for name, node in nodes.items()}
