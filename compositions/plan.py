"""What a dry run tells of a graph: how many steps, how many groups side by side, what they cost."""

from collections.abc import Callable, Sequence
from typing import Any

from compositions import graph as g
from compositions.effects import is_pure

COSTS = {"total_time_ms_p50": "time_ms_p50", "total_tokens_est": "tokens_est"}


class Plan:
    """The stages of a graph in the order of their steps."""

    def __init__(self, root: g.Node, find: Callable[[g.Stage], Any]) -> None:
        self.find = find
        self.steps: list[Any] = []
        self.groups = 0
        self.ends(root, ())

    def ends(self, node: g.Node, before: Sequence[int]) -> Sequence[int]:
        """Lays out the node's steps; gives the steps that whatever follows has to wait for."""
        match node:
            case g.Stage():
                self.steps.append(self.find(node))
                return (len(self.steps) - 1,)
            case g.Sequential(stages=stages):
                return self.one_after_another(stages, before)
            case g.Parallel(branches=branches):
                return self.side_by_side(branches.values(), before)
            case g.Branch():
                chosen = self.ends(node.predicate, before)
                return (*self.ends(node.if_true, chosen), *self.ends(node.if_false, chosen))
            case g.Fanout():
                return self.side_by_side(node.targets, self.ends(node.source, before))
            case g.Merge():
                return self.ends(node.target, self.side_by_side(node.sources, before))
            case g.Retry():
                return self.ends(node.stage, before)
            case g.Let():
                bound = self.side_by_side(node.bindings.values(), before)
                return self.ends(node.body, (*before, *bound))
            case _:
                return before

    def one_after_another(self, stages: Sequence[g.Node], before: Sequence[int]) -> Sequence[int]:
        for stage in stages:
            before = self.ends(stage, before)
        # The engine counts a row of nothing but Pure stages as a group, though each needs the one before.
        if len(stages) > 1 and all(self.is_pure_stage(stage) for stage in stages):
            self.groups += 1
        return before

    def side_by_side(self, nodes: Any, before: Sequence[int]) -> Sequence[int]:
        ends = [self.ends(node, before) for node in nodes]
        if sum(map(bool, ends)) > 1:
            self.groups += 1
        return [step for steps in ends for step in steps]

    def is_pure_stage(self, node: g.Node) -> bool:
        return isinstance(node, g.Stage) and is_pure(self.find(node).effects)

    def report(self) -> dict[str, Any]:
        costs = [getattr(stage, "cost", None) or {} for stage in self.steps]
        cost = {name: sum(c.get(key) or 0 for c in costs) or None for name, key in COSTS.items()}
        peak = max((c.get("memory_mb") or 0 for c in costs), default=0) or None
        return {
            "steps": len(self.steps),
            "parallel_groups": self.groups,
            "cost": {**cost, "total_memory_mb_peak": peak},
        }
