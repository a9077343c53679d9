"""The canonical form of a graph, its id, and the optimizer that runs before execution."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from compositions import graph as g

MOST_ROUNDS = 16
MOST_ATTEMPTS = 2**32 - 1
LARGEST_EXACT = 2**53  # beyond it a whole number is written as the nearest float


def canonicalise(node: g.Node) -> g.Node:
    """The same graph with its accidents of writing gone; doing it again changes nothing."""
    node = with_children(node, canonicalise)
    match node:
        case g.Sequential():
            return flat(node)
        case g.Retry():
            return one_retry(node)
        case g.Let(bindings={}) if not node.bindings:
            return node.body
        case _:
            return node


def flat(node: g.Sequential) -> g.Node:
    stages: list[g.Node] = []
    for stage in node.stages:
        stages.extend(stage.stages if isinstance(stage, g.Sequential) else (stage,))
    return stages[0] if len(stages) == 1 else node._replace(stages=tuple(stages))


def one_retry(node: g.Retry) -> g.Node:
    inner = node.stage
    if node.max_attempts <= 1:
        return inner
    if isinstance(inner, g.Retry) and inner.delay_ms == node.delay_ms:
        attempts = min(node.max_attempts * inner.max_attempts, MOST_ATTEMPTS)
        return node._replace(stage=inner.stage, max_attempts=attempts)
    return node


def with_children(node: g.Node, change: Callable[[g.Node], g.Node]) -> g.Node:
    """The node with each child changed."""
    match node:
        case g.Sequential():
            return node._replace(stages=tuple(map(change, node.stages)))
        case g.Parallel():
            return node._replace(branches={name: change(child) for name, child in node.branches.items()})
        case g.Branch():
            predicate, if_true, if_false = map(change, g.children(node))
            return node._replace(predicate=predicate, if_true=if_true, if_false=if_false)
        case g.Fanout():
            return node._replace(source=change(node.source), targets=tuple(map(change, node.targets)))
        case g.Merge():
            return node._replace(sources=tuple(map(change, node.sources)), target=change(node.target))
        case g.Retry():
            return node._replace(stage=change(node.stage))
        case g.Let():
            bindings = {name: change(bound) for name, bound in node.bindings.items()}
            return node._replace(bindings=bindings, body=change(node.body))
        case _:
            return node


def without_dead_arms(node: g.Node) -> g.Node:
    """Branches whose predicate is a constant become the arm that it chooses."""
    node = with_children(node, without_dead_arms)
    if isinstance(node, g.Branch) and isinstance(node.predicate, g.Const):
        if node.predicate.value is True:
            return node.if_true
        if node.predicate.value is False:
            return node.if_false
    return node


PASSES: tuple[tuple[str, Callable[[g.Node], g.Node]], ...] = (
    ("canonical_structural", canonicalise),
    ("dead_branch", without_dead_arms),
)


class Optimized(NamedTuple):
    """The graph that runs, and what was done to it."""

    root: g.Node
    passes: tuple[str, ...] = ()
    iterations: int = 0
    hit_cap: bool = False

    def report(self) -> dict[str, Any]:
        return {
            "passes_applied": list(self.passes),
            "iterations": self.iterations,
            "hit_cap": self.hit_cap,
        }


def optimize(root: g.Node) -> Optimized:
    """Both passes over and over until neither changes anything."""
    applied: list[str] = []
    for iteration in range(1, MOST_ROUNDS + 1):
        before = root
        for name, change in PASSES:
            after = change(root)
            if after != root and name not in applied:
                applied.append(name)
            root = after
        if root == before:
            return Optimized(root, tuple(applied), iteration)
    return Optimized(root, tuple(applied), MOST_ROUNDS, True)


def composition_id(root: g.Node) -> str:
    """SHA-256 over the canonical form's canonical JSON: the graph as written, before any name is resolved."""
    return sha256(canonical_json(g.node_json(canonicalise(root))).encode()).hexdigest()


def canonical_json(value: Any) -> str:
    """The value by RFC 8785: keys in the order of UTF-16, numbers as ECMAScript writes them."""
    match value:
        case dict():
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return "{" + ",".join(f"{quoted(key)}:{canonical_json(value[key])}" for key in keys) + "}"
        case list() | tuple():
            return "[" + ",".join(map(canonical_json, value)) + "]"
        case bool() | str() | None:
            return quoted(value)
        case int() if abs(value) <= LARGEST_EXACT:
            return str(value)
        case _:
            return canonical_number(float(value))


def quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def canonical_number(value: float) -> str:
    """A float as ECMAScript writes it: no empty fraction, exponents from 1e21 and below 1e-6."""
    if value == 0:
        return "0"
    sign, digits, point = decimal_of(value)
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def decimal_of(value: float) -> tuple[str, str, int]:
    """Sign, the shortest digits, and where the point stands among them."""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    point = len(whole) - leading + int(exponent or 0)
    return "-" if value < 0 else "", digits.rstrip("0"), point
