"""Finds the lines of raw HTML that count as text: those within `<details>`, and those after it."""

import re
from dataclasses import dataclass

_PIECE = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<(/?)([A-Za-z][A-Za-z0-9-]*)(?![A-Za-z0-9-])[^<>]*>",
    re.DOTALL,
)
_TAG_LINE = re.compile(r"[ \t]*<[A-Za-z/!?]")
OPAQUE = frozenset(
    {"a", "blockquote", "code", "h1", "h2", "h3", "h4", "h5", "h6", "kbd", "math", "pre", "samp", "script"}
    | {"style", "svg", "table", "textarea", "title", "tt"}
)
"""Elements whose text is no plain text."""


@dataclass
class Fold:
    """Where the parser is within `<details>`; carried from one block of raw HTML to the next."""

    depth: int = 0
    in_summary: bool = False


def text_lines(content: str, fold: Fold) -> list[str]:
    """The lines of a block of raw HTML; those that are not text are empty."""
    content = _flatten_comments(content)
    lines = content.split("\n")
    starts = _starts(lines)
    found = [""] * len(lines)
    pieces = [piece for piece in _PIECE.finditer(content) if piece[2]]
    counts, opaque, index = fold.depth > 0, "", 0
    for number, (start, line) in enumerate(zip(starts, lines, strict=True)):
        is_text = counts and not opaque and not fold.in_summary
        while index < len(pieces) and pieces[index].start() < start + len(line) + 1:
            closing, name = pieces[index][1] == "/", pieces[index][2].lower()
            index += 1
            if name in ("details", "summary"):
                is_text = False
            counts, opaque = _step(fold, closing, name, counts, opaque)
        if is_text and not _TAG_LINE.match(line):
            found[number] = line
    return found


def _step(fold: Fold, closing: bool, name: str, counts: bool, opaque: str) -> tuple[bool, str]:
    """The effect of a tag: whether lines count from here on, and the element that hides them."""
    if opaque:
        return counts, "" if closing and name == opaque else opaque
    if name == "details":
        fold.depth = max(0, fold.depth - 1) if closing else fold.depth + 1
        fold.in_summary = False
        return True, ""
    if name == "summary":
        fold.in_summary = not closing
        fold.depth = max(fold.depth, 1)
        return True, ""
    return counts, name if name in OPAQUE and not closing else ""


def _flatten_comments(content: str) -> str:
    """Every comment becomes an empty one, and the lines that it held become empty."""

    def flat(piece: re.Match[str]) -> str:
        if piece[2]:
            return piece[0]
        lines = piece[0].count("\n")
        return "<!---->" + "\n" * lines + ("<!---->" if lines else "")

    return _PIECE.sub(flat, content)


def _starts(lines: list[str]) -> list[int]:
    starts, position = [], 0
    for line in lines:
        starts.append(position)
        position += len(line) + 1
    return starts
