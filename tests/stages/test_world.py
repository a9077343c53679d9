"""The world: its records are told apart by the engine's types, and every field says what it means."""

import ast
from itertools import permutations
from typing import Any, is_typeddict

import pytest

from compositions import catalogue
from compositions.annotations import hints_of, type_of
from compositions.examples import FOLDER
from compositions.ntype import TEXT, NType, list_of, map_of, record
from compositions.subtype import why_not
from stages import world

TREE = ast.parse((FOLDER / "world.py").read_text(encoding="utf-8"))
SHAPES = {node.name: node for node in TREE.body if isinstance(node, ast.ClassDef)}
FORGE = "Forge"
"""What the forge answers is one answer to one look, never piped from stage to stage by itself."""
PARTS = {"Where", "Mark", "TimelineAsk", "Edit", "Unanswered"}
"""So are these: each is one field of another record."""


def declared() -> dict[str, Any]:
    return {name: value for name, value in vars(world).items() if is_typeddict(value)}


def bases_of(name: str) -> list[str]:
    return [base.id for base in SHAPES[name].bases if isinstance(base, ast.Name) and base.id in SHAPES]


def partial() -> set[str]:
    """Shapes that only lend their fields to others, and parts of which every field may be missing."""
    bases = {base for name in SHAPES for base in bases_of(name)}
    whole = {"SprintState"}  # a state of its own, which the lane's state is one of
    return bases - whole | {name for name, shape in declared().items() if not shape.__required_keys__}


RECORDS = {
    name: type_of(shape)
    for name, shape in declared().items()
    if name not in partial() | PARTS and not name.startswith(FORGE)
}


def is_one_of(one: str, other: str) -> bool:
    """Whether one shape is declared as a kind of the other, as a lane's state is a sprint's."""
    return any(base == other or is_one_of(base, other) for base in bases_of(one))


def test_no_record_of_the_world_is_taken_for_another() -> None:
    wrong = [
        f"{one} is taken for {other}"
        for one, other in permutations(RECORDS, 2)
        if why_not(RECORDS[one], RECORDS[other]) is None and not is_one_of(one, other)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_figures_of_a_sprint_are_what_its_stage_gives() -> None:
    output = catalogue().find("compute_sprint_kpis").module.Output
    assert hints_of(output) == hints_of(world.SprintFigures)


SMALL = {"id": TEXT, "title": TEXT, "status": TEXT, "depends_on": list_of(TEXT)}
"""The original's small task."""


def test_the_small_task_of_the_original_fits_the_evaluation_of_tasks() -> None:
    expected, _ = catalogue().find("dag_evaluate").types
    assert why_not(turn_of(SMALL), expected) is None
    without_one = {name: kind for name, kind in SMALL.items() if name != "depends_on"}
    assert "depends_on" in str(why_not(turn_of(without_one), expected))


def turn_of(task: dict[str, NType]) -> NType:
    state = record({"tasks": map_of(TEXT, record(task))})
    return record({"events": list_of(type_of(world.Event)), "state": state})


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_field_says_what_it_means(shape: ast.ClassDef) -> None:
    mute = [
        ast.unparse(line.target)
        for line, after in zip(shape.body, [*shape.body[1:], None], strict=True)
        if isinstance(line, ast.AnnAssign) and not is_text(after) and not is_one_word(line.annotation)
    ]
    assert ast.get_docstring(shape) and not mute, f"{shape.name}: nothing is said of {mute}"


def is_text(line: ast.stmt | None) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )


def is_one_word(annotation: ast.expr) -> bool:
    """Whether it tells this record from the others, and the class says all of it."""
    return isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Constant)
