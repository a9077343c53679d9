"""Every field of the world is spelled as it is declared, and is both written and read."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args, is_typeddict

import pytest
from mypy import api

from bot.cli.show import TIMES
from stages import world
from tests.stages.stage_rules import loaded

ROOT = Path(__file__).parents[2]
WORLD = ROOT / "stages/world.py"
ROOMS = ("stages", "handlers", "jobs", "shell", "bot")
OTHER_WORDS = ("shell/agent/acp",)
"""Files whose keys are an outside protocol's: the same key there says nothing about the world's."""
RECORD_ROOMS = ("stages/", "handlers/", "jobs/", "shell/store/")


def files() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if file != WORLD and not name.startswith(OTHER_WORDS):
                yield name, ast.parse(file.read_text(encoding="utf-8"))


@cache
def trees() -> dict[str, ast.Module]:
    """All files, parsed once where they are needed."""
    return dict(files())


# Spelling


def test_a_misspelt_field_is_refused_by_the_type_check(tmp_path: Path) -> None:
    source = (
        "from stages.world import Task\n\n\ndef words(task: Task) -> str:\n    return task['{}']\n\n\n"
        "CHANGE: Task = {{'id': 'a', 'title': 'A', '{}': 'Ready', 'depends_on': []}}\n"
    )
    refusals = {
        "status": [],
        "staus": ['"Task" has no key "staus"', 'Extra key "staus" for TypedDict "Task"'],
    }
    for field, expected in refusals.items():
        planted = tmp_path / "planted.py"
        planted.write_text(source.format(field, field), encoding="utf-8")
        options = ["--strict", "--cache-dir", str(tmp_path / "cache")]
        out, err, code = api.run([*options, "--config-file", str(ROOT / "pyproject.toml"), str(planted)])
        assert (err, code) == ("", 1 if expected else 0), out
        assert all(refusal in out for refusal in expected), out


def records_in(annotation: Any) -> Iterator[Any]:
    """The records that a union names."""
    if is_typeddict(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from records_in(part)


def fields(*annotations: Any) -> set[str]:
    return {field for one in annotations for record in records_in(one) for field in record.__annotations__}


NAMED = {
    "task": fields(world.Task),
    "state": fields(world.State),
    "event": fields(world.Event),
    "action": fields(world.Action, world.Decision),
    "decision": fields(world.Decision),
    "policy": fields(world.Policy),
    "kickoff": fields(world.Kickoff),
    "pull": fields(world.PullRequest, world.ForgePull),
    "issue": fields(world.Issue, world.ForgeIssue),
    "review": fields(world.Review, world.ForgeReview, world.ReviewSeen),
    "request": fields(world.Looks),
    "repo": fields(world.Repository),
    "config": fields(world.Config),
    "where": fields(world.Where),
    "caused": fields(world.Caused),
    "shown": fields(world.Shown),
    "cost": fields(world.Cost),
    "checks": fields(world.Checks),
    "turn": fields(world.Turn),
}
"""What a variable, an attribute or a key of this name holds, by our use of words."""
OTHERS = {
    ("stages/phases/dev_po.py", "task"): {"component"},  # of a design, before it is a plan
    ("jobs/replay.py", "event"): {"from", "to"},  # of a journal entry
    ("jobs/ticks.py", "repo"): {"id"},  # as GitHub wrote it
}
"""Where the name means another record; this list only shrinks."""


def name_of(node: ast.AST) -> str:
    """The name by which a record is held: of a variable, an attribute, or the key that it is taken out of."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str() as name), *_]):
            return name
        case ast.BoolOp(values=[first, *_]):
            return name_of(first)
    return ""


def uses(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each key that is used of a record, with the record's name."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=record, slice=ast.Constant(value=str() as key)):
                yield name_of(record), key
            case ast.Call(
                func=ast.Attribute(attr="get" | "pop" | "setdefault", value=record),
                args=[ast.Constant(value=str() as key), *_],
            ):
                yield name_of(record), key


def undeclared(tree: ast.AST) -> set[tuple[str, str]]:
    return {(name, key) for name, key in uses(tree) if name in NAMED and key not in NAMED[name]}


def test_every_key_of_a_record_is_a_field_of_it() -> None:
    """The type check refuses `task["staus"]`, but not `task.get("staus")`, which is just never there."""
    found = {
        (file, name, key)
        for file, tree in trees().items()
        if file.startswith(RECORD_ROOMS)
        for name, key in undeclared(tree)
    }
    assert found == {(file, name, key) for (file, name), keys in OTHERS.items() for key in keys}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("task.get('staus')", ("task", "staus")),
        ("state['tasks'][a].get('status'); self.task.get('staus', 'Ready')", ("task", "staus")),
        ("input['state'].get('task', {})", ("state", "task")),
        ("event.pop('acotr', None)", ("event", "acotr")),
        ("state.get('config', {}).get('vales')", ("config", "vales")),
        ("(state.get('repo') or {})['name']", ("repo", "name")),
        ("task.get('status'); event['actor']; policy['merge']", None),
    ],
)
def test_a_key_that_is_misspelt_is_found(line: str, found: tuple[str, str] | None) -> None:
    assert undeclared(ast.parse(line)) == ({found} if found else set())


# Use


def written(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str() as key), ctx=ast.Store()):
                yield key
            case ast.Call(func=ast.Attribute(attr="setdefault"), args=[ast.Constant(value=str() as key), *_]):
                yield key
            case ast.keyword(arg=str() as key):
                yield key
            case ast.Dict(keys=keys):
                yield from (str(key.value) for key in keys if isinstance(key, ast.Constant))


def read(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str() as key), ctx=ast.Load()):
                yield key
            case ast.Call(
                func=ast.Attribute(attr="get" | "pop" | "setdefault"),
                args=[ast.Constant(value=str() as key), *_],
            ):
                yield key
            case ast.Compare(left=ast.Constant(value=str() as key), ops=[ast.In() | ast.NotIn()]):
                yield key


NOT_READ: dict[str, str] = {}
"""Fields that nothing reads yet, with the reason; this list only shrinks."""
NOT_WRITTEN: dict[str, str] = {}
"""Fields that nothing writes yet; this list only shrinks."""


def unused(used: set[str]) -> set[str]:
    declared = {
        name for shape in vars(world).values() if is_typeddict(shape) for name in shape.__annotations__
    }
    return declared - used


def test_every_field_is_read() -> None:
    keys = {key for tree in trees().values() for key in read(tree)}
    listed = {*loaded(ROOT / "stages/retro/write_report.py").KPIS, *TIMES.values()}  # read by their names
    assert unused(keys | listed) == set(NOT_READ)


def test_every_field_is_written() -> None:
    keys = {key for tree in trees().values() for key in written(tree)}
    by_config = set(
        world.RepositoryValues.__annotations__
    )  # written by their names in shell/repository_config.py
    assert unused(keys | by_config) == set(NOT_WRITTEN)


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("task['a'] = task['b']", {"b"}, {"a"}),
        ("x = {'a': task.get('b')}", {"b"}, {"a"}),
        ("dict(task, a=1)\nif 'b' in task: pass", {"b"}, {"a"}),
        ("# a field that is only named\nx = 'a'", set(), set()),
    ],
)
def test_what_counts_as_written_and_read(source: str, reads: set[str], writes: set[str]) -> None:
    tree = ast.parse(source)
    assert (set(read(tree)), set(written(tree))) == (reads, writes)
