"""A composition as people look at it: a tree in text, or a Mermaid drawing, with the types on its edges."""

import json
from collections.abc import Iterable
from itertools import count
from typing import Any

from compositions import Composition
from compositions import graph as g
from compositions.check import Ends, check_all
from compositions.effects import kind_of
from compositions.ntype import NType, display

WIDTH = 72
Source = tuple[str, str]  # a node of the drawing, and what to write on the edge from it


def full(given: NType) -> str:
    """The whole type in one line."""
    return display(given).replace("Record { ", "{").replace(" }", "}")


def short(given: NType) -> str:
    """The type in one line: in full where it is short, else by the names of its fields."""
    whole = full(given)
    if len(whole) <= WIDTH or given.kind not in ("Record", "RecordWith"):
        return whole if len(whole) <= WIDTH else f"{whole[: WIDTH - 1]}…"
    fields = given.value if given.kind == "Record" else given.value[0]
    return "{" + ", ".join(fields) + "}"


def signature(stage: Any) -> str:
    """A stage in some lines: what it does, what it touches, each field it takes and gives; none is cut."""
    effects = ", ".join(map(kind_of, stage.effects))
    given, output = stage.types
    lines = [f"{stage.name} ({effects}): {stage.description}"]
    for word, one in (("takes", given), ("gives", output)):
        fields = one.value if one.kind == "Record" else {}
        lines.append(f"  {word}" if fields else f"  {word} {display(one)}")
        lines.extend(f"    {name}: {full(field)}" for name, field in fields.items())
    return "\n".join(lines) + "\n"


def tree(composition: Composition) -> str:
    """The graph as an indented tree: each stage with its effects, and what it takes and gives."""
    ends, places = check_all(composition.graph.root, composition.find)
    head = [f"{composition.name}: {composition.graph.description}", f"takes {short(ends.input)}"]
    lines = [*head, *branch(composition, composition.graph.root, places), f"gives {short(ends.output)}"]
    return "\n".join(lines) + "\n"


def branch(composition: Composition, node: g.Node, places: dict[str, Ends], label: str = "") -> Iterable[str]:
    """A node's own line, its types below it, and its children behind rules."""
    yield f"{label}{title(composition, node)}"
    below = list(labelled(node))
    if isinstance(node, g.Stage | g.RemoteStage) and node.path in places:
        ends = places[node.path]
        yield f"    {short(ends.input)} → {short(ends.output)}"
    for index, (name, child) in enumerate(below):
        last = index == len(below) - 1
        for number, line in enumerate(branch(composition, child, places, name)):
            lead = ("└─ " if last else "├─ ") if number == 0 else ("   " if last else "│  ")
            yield lead + line


def title(composition: Composition, node: g.Node) -> str:
    match node:
        case g.Stage():
            stage = composition.find(node)
            config = f" with {json.dumps(node.config, ensure_ascii=False)}" if node.config else ""
            kinds = [kind for kind in map(kind_of, stage.effects) if kind != "pure"]
            declared = f"  ({', '.join(kinds)})" if kinds else ""
            return f"{stage.name}{config}{declared}"
        case g.RemoteStage():
            return f"the stage at {node.url}  (network, fallible)"
        case g.Const():
            return f"always {shown(node.value)}"
        case g.Retry():
            return f"Retry, at most {node.max_attempts} tries"
        case _:
            return type(node).__name__


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def labelled(node: g.Node) -> Iterable[tuple[str, g.Node]]:
    """The children, each with the word that says what it is for."""
    match node:
        case g.Parallel():
            return ((f"{name}: ", child) for name, child in node.branches.items())
        case g.Branch():
            words = ("if: ", "then: ", "else: ")
            return zip(words, g.children(node), strict=True)
        case g.Fanout():
            return (("from: ", node.source), *((f"{at}: ", one) for at, one in enumerate(node.targets)))
        case g.Merge():
            sources = ((f"source_{at}: ", one) for at, one in enumerate(node.sources))
            return (*sources, ("into: ", node.target))
        case g.Let():
            return (*((f"{name} = ", one) for name, one in node.bindings.items()), ("in: ", node.body))
        case _:
            return (("", child) for child in g.children(node))


def mermaid(composition: Composition) -> str:
    """The graph as a Mermaid flowchart: what flows along each edge is written on it."""
    return Drawing(composition).text()


class Drawing:
    """One flowchart while it is drawn."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition
        self.ends, self.places = check_all(composition.graph.root, composition.find)
        self.lines = ["flowchart TD", '  given(["input"])']
        self.numbers = count(1)

    def text(self) -> str:
        last = self.flow(self.composition.graph.root, [("given", short(self.ends.input))])
        self.lines.append('  answer(["output"])')
        self.join(last, "answer")
        return "\n".join(self.lines) + "\n"

    def join(self, sources: Iterable[Source], target: str) -> None:
        for source, label in dict.fromkeys(sources):
            words = f'|"{escaped(label)}"|' if label else ""
            self.lines.append(f"  {source} -->{words} {target}")

    def place(self, sources: list[Source], words: str, left: str = "[", right: str = "]") -> str:
        name = f"n{next(self.numbers)}"
        self.lines.append(f'  {name}{left}"{escaped(words)}"{right}')
        self.join(sources, name)
        return name

    def output(self, node: g.Node) -> str:
        return short(self.places[node.path].output) if node.path in self.places else ""

    def flow(self, node: g.Node, sources: list[Source]) -> list[Source]:
        """Draws a node behind its sources; gives what the next one has to be joined to."""
        match node:
            case g.Const():
                return [(self.place(sources, shown(node.value), "([", "])"), "")]
            case g.Sequential():
                for stage in node.stages:
                    sources = self.flow(stage, sources)
                return sources
            case g.Parallel():
                return self.named(node.branches, sources)
            case g.Branch():
                return self.choice(node, sources)
            case g.Fanout():
                middle = self.flow(node.source, sources)
                return [end for target in node.targets for end in self.flow(target, middle)]
            case g.Merge():
                inputs = {f"source_{at}": source for at, source in enumerate(node.sources)}
                return self.flow(node.target, self.named(inputs, sources))
            case g.Retry():
                words = f"at most {node.max_attempts} tries"
                return self.flow(node.stage, [(name, f"{label} · {words}") for name, label in sources])
            case g.Let():
                return self.flow(node.body, [*sources, *self.named(node.bindings, sources)])
            case _:
                words = title(self.composition, node)
                return [(self.place(sources, words), self.output(node))]

    def named(self, nodes: dict[str, g.Node], sources: list[Source]) -> list[Source]:
        return [
            (end, f"{name}: {label}")
            for name, node in nodes.items()
            for end, label in self.flow(node, sources)
        ]

    def choice(self, node: g.Branch, sources: list[Source]) -> list[Source]:
        asked = self.place(self.flow(node.predicate, sources), "which?", "{", "}")
        yes = self.flow(node.if_true, [(asked, "true")])
        return [*yes, *self.flow(node.if_false, [(asked, "false")])]


def escaped(text: str) -> str:
    """Text that may stand between quotes in Mermaid."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
