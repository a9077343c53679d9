"""Scope and protected paths: what each form of an entry covers."""

import pytest

from shell.agent.path_rules import outside, protected

COVERED = [
    ("src", "src/a.py"),
    ("src/", "src/deep/a.py"),
    ("./src", "src/a.py"),
    ("/src", "src/a.py"),
    ("src/a.py", "src/a.py"),
    ("src/*.py", "src/a.py"),
    ("src/**", "src/deep/a.py"),
    ("src/**/*.py", "src/a.py"),
    ("src/**/*.py", "src/deep/er/a.py"),
    ("**/test_*.py", "test_a.py"),
    ("**/test_*.py", "tests/test_a.py"),
    ("*.md", "docs/a.md"),
    ("src/[ab].py", "src/a.py"),
    ("src/[!b].py", "src/a.py"),
    ("a b/ü.md", "a b/ü.md"),
    (".", "anything/at/all"),
]
NOT_COVERED = [
    ("src", "srcs/a.py"),
    ("src", "lib/src/a.py"),
    ("src/*.py", "src/deep/a.py"),
    ("src/a.py", "src/a.pyx"),
    ("src/a.py", "src/axpy"),
    ("/README.md", "docs/README.md"),
    ("src/?.py", "src/ab.py"),
    ("src", "SRC/a.py"),
    ("a", "b\na"),
]


@pytest.mark.parametrize(("entry", "path"), COVERED)
def test_a_scope_covers(entry: str, path: str) -> None:
    assert outside([path], [entry]) == []


@pytest.mark.parametrize(("entry", "path"), NOT_COVERED)
def test_a_scope_does_not_cover(entry: str, path: str) -> None:
    assert outside([path], [entry]) == [path]


def test_an_empty_scope_covers_everything() -> None:
    assert outside(["a", "b/c"], []) == []


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("CODEOWNERS", ".github/CODEOWNERS"),
        ("AGENTS.md", "agents.md"),
        (".github/**", ".github/workflows/ci.yml"),
        (".github/", ".GitHub/x"),
        (".caloron.yml", ".caloron.yml"),
        ("*.lock", "deep/poetry.lock"),
    ],
)
def test_protected_entries_hold(entry: str, path: str) -> None:
    assert protected([path, "src/fine.py"], [entry]) == [path]


def test_a_rooted_protected_entry_holds_there_only() -> None:
    assert protected(["Makefile", "sub/Makefile"], ["/Makefile"]) == ["Makefile"]
