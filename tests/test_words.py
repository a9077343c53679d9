"""The words that people read: no retired phrase in messages, help, docstrings of stages, and documents.

What we say instead stands in CONTRIBUTING.md under "How we write".
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("stages", "handlers", "bot", "jobs", "shell", "compositions")
RETIRED = {
    r"\bthe (?:front |back )?door\b": "the webhook endpoint",
    r"\bdoorbells?\b": "job queue, wake-up",
    r"\b(?:rings?|rang|rung)\b(?! the (?:bell|phone))": "enqueue",
    r"\bdeeds?\b": "action",
    r"\b(?:draws?|drawn|drew|made?) (?:\w+ )?anew\b": "refresh",
    r"\banew\b": "again",
    r"\bthose who mend (?:me|us)\b": "internal error, reference …",
    r"\b(?:is|was|be) mended\b|\bmend the\b": "fixed",
    r"\bbehind it\b": "arguments",
    r"\bit is written `/": "usage: `/…`",
    r"\bword of (?:it|them|that) \w+ not\b": "I was not told",
    r"\b(?:counts|does) not count\b|\bcounts not\b": "has no effect",
    r"\bis not there yet\b": "does not act yet",
    r"\bnothing is waited for\b|\bis waited for any more\b": "is waiting for nothing",
    r"\bwaits for another text\b|\bneeds another text\b": "has errors; edit the issue",
    r"\bit is not known who\b": "I could not find out who",
    r"\blook(?:s|ed|ing)? around\b": "reconcile",
    r"\btold of\b": "reported",
    r"\bside by side\b": "in parallel",
    r"\bis at work\b": "is working",
    r"\bfalls? silent\b|\bfallen silent\b": "shows no sign of life",
    r"\bof its own accord\b": "by itself",
    r"\bpatience\b": "wait budget, backoff",
    r"\bgiven back\b.*\btaken anew\b": "retried",
}
TERMS = {f"p{number}": term for number, term in enumerate(RETIRED.values())}
PATTERN = re.compile(
    "|".join(f"(?P<p{number}>{phrase})" for number, phrase in enumerate(RETIRED)), re.IGNORECASE
)


def shown_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module that may be shown: of the docstrings only a stage's own and the commands'."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    shown = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Constant)} - docstrings
    if path.is_relative_to(ROOT / "bot/cli"):
        shown |= docstrings
    elif path.is_relative_to(ROOT / "stages") and tree.body and isinstance(tree.body[0], ast.Expr):
        shown.add(id(tree.body[0].value))
    for node in ast.walk(tree):
        if id(node) in shown and isinstance(node, ast.Constant) and " " in str(node.value):
            yield node.lineno, str(node.value)


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("room", ROOMS)
def test_no_retired_phrase_is_said(room: str) -> None:
    said = [(path, *text) for path in sorted((ROOT / room).rglob("*.py")) for text in shown_texts(path)]
    assert not list(found_in(said))


def test_no_retired_phrase_is_written_in_a_document() -> None:
    lines = [
        (path, number, re.sub(r"`[^`]*`", "", line))
        for path in documents()
        for number, line in enumerate(without_glossary(path), 1)
    ]
    assert not list(found_in(lines))


def found_in(texts: list[tuple[Path, int, str]]) -> Iterator[str]:
    for path, number, text in texts:
        for found in PATTERN.finditer(text):
            term = TERMS[found.lastgroup or ""]
            yield f"{path.relative_to(ROOT)}:{number}: “{found[0]}” is retired; say: {term}"


def without_glossary(path: Path) -> list[str]:
    """The lines of a document; the glossary names what we do not say any more."""
    before, _, rest = path.read_text(encoding="utf-8").partition("\n## How we write\n")
    return [*before.splitlines(), *rest.partition("\n## ")[2].splitlines()]


def test_a_retired_phrase_is_found() -> None:
    module = ROOT / "stages" / "planted.py"
    text = (module, 1, "The board is drawn anew.")
    assert list(found_in([text])) == ["stages/planted.py:1: “drawn anew” is retired; say: refresh"]
    assert not list(found_in([(module, 1, "The board is refreshed, during a spring sprint.")]))
