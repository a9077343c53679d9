"""What `stages/world.py` declares, as the documentation pages read it: shapes, fields, sentences."""

import ast
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import stages.world

FILE = Path(stages.world.__file__)


class Field(NamedTuple):
    """One field: its type as written, whether it is always there, and what it means."""

    name: str
    type: str
    required: bool
    means: str


class Shape(NamedTuple):
    """One record: the heading above it, what it is, what else it is a kind of, and its own fields."""

    name: str
    heading: str
    means: str
    bases: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def kind(self) -> str | None:
        """The event's or the action's `type`."""
        return next((word_of(field) for field in self.fields if field.name == "type"), None)


class Words(NamedTuple):
    """A type that is one of a few words, or of a few records."""

    name: str
    heading: str
    type: str
    means: str


def word_of(field: Field) -> str | None:
    """The one word that a field always holds, which tells its record from others."""
    expression = ast.parse(field.type, mode="eval").body
    if isinstance(expression, ast.Subscript) and isinstance(expression.slice, ast.Constant):
        return str(expression.slice.value)
    return None


@cache
def shapes() -> dict[str, Shape]:
    """Every record by its name, in the order in which they are declared."""
    return {node.name: shape_of(node) for node in body() if isinstance(node, ast.ClassDef)}


@cache
def words() -> dict[str, Words]:
    """Every other type that is declared."""
    found = {}
    for line, after in pairwise(body()):
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            name = line.targets[0].id
            found[name] = Words(name, heading_of(line.lineno), ast.unparse(line.value), text_of(after))
    return found


def members(union: str) -> list[Shape]:
    """The records that a union is made of."""
    return [shapes()[name] for name in words()[union].type.strip("()").split(" | ")]


def of_type(union: str) -> dict[str, list[Shape]]:
    """The events or actions by their `type`; a look and what it found have one shape for each thing."""
    found: dict[str, list[Shape]] = {}
    for shape in members(union):
        found.setdefault(kind_of(shape), []).append(shape)
    return found


def kind_of(shape: Shape) -> str:
    return shape.kind or next(kind_of(shapes()[base]) for base in shape.bases)


def all_fields(shape: Shape) -> Iterator[Field]:
    """Its own fields and those of all that it is a kind of, the latter last."""
    yield from shape.fields
    for base in shape.bases:
        if base in shapes():
            yield from all_fields(shapes()[base])


def shape_of(node: ast.ClassDef) -> Shape:
    total = not any(keyword.arg == "total" for keyword in node.keywords)
    bases = tuple(ast.unparse(base) for base in node.bases if ast.unparse(base) != "TypedDict")
    pairs = zip(node.body, [*node.body[1:], None], strict=True)
    fields = tuple(field_of(line, after, total) for line, after in pairs if isinstance(line, ast.AnnAssign))
    return Shape(node.name, heading_of(node.lineno), ast.get_docstring(node) or "", bases, fields)


def field_of(line: ast.AnnAssign, after: ast.stmt | None, total: bool) -> Field:
    written = line.annotation
    optional = isinstance(written, ast.Subscript) and ast.unparse(written.value) == "NotRequired"
    type_ = ast.unparse(written.slice if optional and isinstance(written, ast.Subscript) else written)
    return Field(ast.unparse(line.target), type_, total and not optional, text_of(after))


def text_of(line: ast.stmt | None) -> str:
    """The sentence below a declaration."""
    match line:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
        case _:
            return ""


def body() -> list[ast.stmt]:
    return ast.parse(FILE.read_text(encoding="utf-8")).body


def heading_of(line: int) -> str:
    """The last comment at the margin above this line."""
    above = FILE.read_text(encoding="utf-8").splitlines()[: line - 1]
    return next((text[2:] for text in reversed(above) if text.startswith("# ")), "")
