"""The packages: what is imported is declared, and what is declared is used."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.test_rooms import OURS, ROOMS, files, imported

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TOOLS = {"mypy", "ruff", "pytest-xdist", "types-pyyaml", "types-requests"}
"""Run or read by name, and not imported."""


def declared(requirements: list[str]) -> set[str]:
    """The names of the packages, normalised."""
    return {normalised(re.split(r"[\[<>=~! ]", one)[0]) for one in requirements}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


RUNTIME = declared(PROJECT["dependencies"])
DEVELOPMENT = declared(PROJECT["optional-dependencies"]["dev"])


def packages_of(paths: list[Path]) -> dict[str, set[str]]:
    """The third-party modules that the files import, each with the packages that may provide it."""
    known = packages_distributions()
    modules = {name.partition(".")[0] for path in paths for name in imported(path)}
    foreign = modules - sys.stdlib_module_names - {*OURS, "tests"}
    return {module: {normalised(name) for name in known.get(module, [module])} for module in foreign}


def python_files(folders: tuple[str, ...]) -> list[Path]:
    return [path for folder in folders for path in files(folder)]


@pytest.mark.parametrize(
    ("folders", "allowed"), [(OURS, RUNTIME), (("tests",), RUNTIME | DEVELOPMENT)], ids=["bot", "tests"]
)
def test_every_imported_package_is_declared(folders: tuple[str, ...], allowed: set[str]) -> None:
    needed = packages_of(python_files(folders))
    assert needed
    undeclared = [module for module, packages in sorted(needed.items()) if not packages & allowed]
    assert not undeclared, f"add to pyproject.toml: {undeclared}"


def test_every_declared_package_is_imported() -> None:
    runtime = set[str]().union(*packages_of(python_files(OURS)).values())
    tests = set[str]().union(*packages_of(python_files(("tests",))).values())
    assert not RUNTIME - runtime, "nothing in the rooms imports these"
    assert not DEVELOPMENT - TOOLS - tests, "no test imports these"
    assert TOOLS <= DEVELOPMENT


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_allowed_only_the_packages_that_it_imports(room: str) -> None:
    used = {name.partition(".")[0] for path in files(room) for name in imported(path)}
    assert not ROOMS[room][1] - used


def test_each_package_has_its_reason() -> None:
    reasons = (ROOT / "docs/decisions/0005-dependencies.md").read_text().lower()
    rows = {
        normalised(name) for row in re.findall(r"^\| ([^|]+) \|", reasons, re.M) for name in row.split(", ")
    }
    assert rows >= RUNTIME and {"pytest", "hypothesis"} <= rows
    assert not rows - RUNTIME - DEVELOPMENT - {"package", "---"}


def test_a_package_that_nobody_declared_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("import json\nimport nosuchpackage.part\nfrom jobs import clock\n")
    assert packages_of([planted]) == {"nosuchpackage": {"nosuchpackage"}}
