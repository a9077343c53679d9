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
ANY_RECORD = {
    "AgentSigns": "an agent that has given no sign yet may be known by nothing",
    "Checks": "a head of which nothing is known yet has none of it",
    "Cost": "a run that ended before it began has none, and not every agent tells its tokens or its price",
    "Issue": "it is remembered bit by bit, and each writer knows another part of it",
    "Kept": "a part of the state, as much of it as there was",
    "Made": "a run may change no file, and its agent may say nothing about it",
    "Options": "what was said with `/plan`, which is often nothing",
    "RepositoryValues": "what the file of a repository sets, which is often nothing",
    "Result": "each kind of action brings something else, and many bring nothing",
    "SprintBrief": "the sections that a kickoff has, which may be none",
    "TaskChange": "whatever changes of a task at a time",
}
"""Records without a required field, which any other record fits, with the reason; this list only shrinks."""
MANY = {
    "Edit": "one of an issue's changes",
    "ForgeBase": "a part of a pull request on the forge",
    "ForgeConfig": "the answer to one look; of a commit that is known, it is only the commit",
    "Mark": "a part of a text that we write",
    "Review": "one of a task's reviews, and what the forge says of it is more",
    "TimelineAsk": "one of those that a look asks for",
    "Where": "a part of what is said",
}
"""Records that others fit too, which never go from stage to stage by themselves; this list only shrinks."""


def declared() -> dict[str, Any]:
    return {name: value for name, value in vars(world).items() if is_typeddict(value)}


def bases_of(name: str) -> list[str]:
    bases = SHAPES[name].bases if name in SHAPES else []
    return [base.id for base in bases if isinstance(base, ast.Name) and base.id in SHAPES]


def shared() -> set[str]:
    """Those that only lend their fields to others."""
    whole = {"SprintState", "SprintBrief"}  # records of their own, which others are one of
    return {base for name in SHAPES for base in bases_of(name)} - whole


def without_required() -> set[str]:
    return {name for name, shape in declared().items() if not shape.__required_keys__} - shared()


RECORDS = {
    name: type_of(shape) for name, shape in declared().items() if name not in shared() | without_required()
}


def is_one_of(one: str, other: str) -> bool:
    """Whether one shape is declared as a kind of the other, as a lane's state is a sprint's."""
    return any(base == other or is_one_of(base, other) for base in bases_of(one))


def test_no_record_of_the_world_is_taken_for_another() -> None:
    wrong = [
        (one, other)
        for one, other in permutations(RECORDS, 2)
        if why_not(RECORDS[one], RECORDS[other]) is None and not is_one_of(one, other)
    ]
    unnamed = [f"{one} is taken for {other}" for one, other in wrong if other not in MANY]
    assert not unnamed, "\n".join(unnamed)
    assert {other for _, other in wrong} == set(MANY)


def test_each_record_has_a_required_field_or_is_named_with_the_reason() -> None:
    assert without_required() == set(ANY_RECORD)


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
