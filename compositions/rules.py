"""What every stage file must keep, as one function that names each fault, and how a stage is loaded alone."""

import ast
import copy
import json
import re
import sys
import types
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from compositions.examples import FOLDER, ExampleFault, examples_of, file_faults
from compositions.purity_guard import ImpureAccess, guarded
from shell import hidden_parts, neutralize
from shell.neutralize import block_between

WORLD = "stages.world"
"""The types that a stage may name: imported for checking only, so that it still runs alone."""
PURE_IMPORTS = {
    "__future__", "collections", "datetime", "functools", "graphlib", "hashlib", "heapq", "itertools", "json",
    "math", "operator", "re", "statistics", "string", "textwrap", "typing",
}  # fmt: skip
BACK_DOORS = {"__import__", "__builtins__", "__loader__", "__spec__"}
"""Names that lead to everything which an import would be seen to bring."""
EFFECTS = {"Fallible", "FsRead", "FsWrite", "Llm", "Network", "NonDeterministic", "Process"}
TAIL = """if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
"""


def stage_files() -> list[Path]:
    return sorted(path for path in FOLDER.rglob("*/*.py") if path.name != "__init__.py")


def name_of(path: Path) -> str:
    return "/".join(path.with_suffix("").parts[-2:])


def effects_of(path: Path) -> list[str]:
    declared = re.search(r"^EFFECTS = (\[.*?\])$", path.read_text(encoding="utf-8"), re.M | re.S)
    return list(ast.literal_eval(declared[1])) if declared else []


def loaded(path: Path) -> types.ModuleType:
    """The stage as a module of its own, made anew."""
    return made(compile(path.read_text(encoding="utf-8"), str(path), "exec"))


def made(code: types.CodeType) -> types.ModuleType:
    module = types.ModuleType("stage")
    exec(code, module.__dict__)
    return module


def answer_of(execute: Callable[[Any], Any], example: dict[str, Any]) -> dict[str, Any]:
    """What an example gives, in the form in which it is written down."""
    try:
        return {"output": execute(copy.deepcopy(example["input"]))}
    except Exception as error:
        return {"error": str(error)}


def faults_of(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    pure = not effects_of(path)
    return [
        *shape_faults(text),
        *import_faults(ast.parse(text.split(TAIL)[0]), pure),
        *effect_faults(path),
        *example_faults(path),
        *(purity_faults(path) if pure else []),
    ]


def common_blocks() -> list[tuple[str, str, str]]:
    """First line, last line, and all of what stages carry to the letter."""
    return [
        (neutralize.FIRST, neutralize.LAST, neutralize.common_block()),
        (hidden_parts.FIRST, hidden_parts.LAST, hidden_parts.hidden_block()),
    ]


def shape_faults(text: str) -> Iterator[str]:
    if not text.endswith("\n\n\n" + TAIL) or text.count(TAIL) != 1:
        yield "its last lines are not the common tail, to the letter"
    for first, last, block in common_blocks():
        if first in text and block_between(text, first, last) != block:
            yield f"its lines from {first[5:24]!r}… on are not the common ones, to the letter"
    tree = ast.parse(text)
    doc = ast.get_docstring(tree) or ""
    sentence = doc.split("\n\n")[0]
    if not re.fullmatch(r"[A-Z“`].*[^.]\.", sentence, re.S) or re.search(r"[.!?] [A-Z]", sentence):
        yield "its docstring does not begin with one sentence"
    if len(re.findall(r"^def execute\(input: Input\) -> Output:$", text, re.M)) != 1:
        yield "it has no `def execute(input: Input) -> Output:`"
    classes = {
        node.name: ast.unparse(node.bases[0]) if node.bases else ""
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    yield from (f"{name} is no TypedDict" for name in ("Input", "Output") if classes.get(name) != "TypedDict")
    engine_refuses = re.compile(r"^(?:\S.*sys\.stdin|input\(|\S.* input\()", re.M)
    if engine_refuses.search(text):
        yield "a line at the margin speaks of sys.stdin or calls input, which the engine refuses"


def import_faults(tree: ast.Module, pure: bool) -> Iterator[str]:
    for node in chain.from_iterable(ast.walk(line) for line in tree.body if not only_types(line)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "." * node.level]
        elif isinstance(node, ast.Name) and node.id in BACK_DOORS:
            yield f"it uses {node.id}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("eval", "exec"):
            yield f"it calls {ast.unparse(node.func)}"
        for name in names:
            root = name.split(".")[0]
            allowed = root in PURE_IMPORTS if pure else root == "shell" or root in sys.stdlib_module_names
            if not allowed or root == "importlib":
                yield f"it imports {name}"


def only_types(line: ast.stmt) -> bool:
    """Whether it is the import that never runs: `if TYPE_CHECKING: from stages.world import …`."""
    match line:
        case ast.If(test=ast.Name("TYPE_CHECKING"), body=body, orelse=[]):
            return all(isinstance(one, ast.ImportFrom) and one.module == WORLD for one in body)
        case _:
            return False


def effect_faults(path: Path) -> Iterator[str]:
    effects = effects_of(path)
    yield from (f"it declares the unknown effect {effect}" for effect in effects if effect not in EFFECTS)
    if effects != sorted(set(effects)):
        yield "its effects are not in order"
    if effects and not re.search(r"^(?:from|import) shell\b", path.read_text(encoding="utf-8"), re.M):
        yield "it declares effects but uses nothing of shell"


def example_faults(path: Path) -> Iterator[str]:
    try:
        examples = examples_of(path)
    except ExampleFault as fault:
        yield str(fault)
        return
    yield from file_faults(path)
    if not any("output" in example for example in examples):
        yield "it has no example of an output beside it"
    names = [str(example.get("name")) for example in examples]
    yield from (f"two examples are called “{name}”" for name in set(names) if names.count(name) > 1)
    yield from (f"“{name}” is no sentence" for name in names if len(name.split()) < 3)
    for example in examples:
        if set(example) not in ({"name", "input", "output"}, {"name", "input", "error"}):
            yield f"“{example.get('name')}” must have name, input and one of output and error"


def purity_faults(path: Path) -> list[str]:
    """Run under the purity guard: no impure access, the input unchanged, the same result twice."""
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    examples = examples_of(path)
    faults: list[str] = []
    with guarded():
        try:
            execute = made(code).execute
            for example in examples:
                faults += run_faults(execute, example)
        except ImpureAccess as access:
            faults.append(str(access))
    return faults


def run_faults(execute: Callable[[Any], Any], example: dict[str, Any]) -> Iterator[str]:
    before = copy.deepcopy(example)
    answers = [answer_of(lambda given: execute(example["input"]), example), answer_of(execute, before)]
    if example != before:
        yield f"“{before['name']}” changes its input"
    elif json.dumps(answers[0]) != json.dumps(answers[1]):
        yield f"“{example['name']}” answers twice differently"
    elif json.loads(json.dumps(answers[0])) != {
        key: before[key] for key in before.keys() & {"output", "error"}
    }:
        yield f"“{before['name']}” does not hold"
