"""How an example file is laid out: one thing a line, and what fits stands on one line."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from compositions.examples import SECTIONS, Document

WIDTH = 110
SHORT = 60
"""A member of an object up to so long may share its line with others."""
Entry = tuple[str | None, Any]


def format_document(document: Document) -> str:
    """The text of an example file."""
    sections = [
        f"  {label(section)}{{\n" + ",\n".join(named_rows(getattr(document, section))) + "\n  }"
        for section in SECTIONS
        if getattr(document, section)
    ]
    if document.examples:
        sections.append('  "examples": [\n' + ",\n".join(map(format_example, document.examples)) + "\n  ]")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def named_rows(section: dict[str, Any]) -> Iterator[str]:
    for name, value in section.items():
        yield "    " + member((name, value), 4)


def format_example(example: dict[str, Any]) -> str:
    """One example: on the first line what it is about, then what goes in and what comes out."""
    line = json.dumps(example, ensure_ascii=False)
    if len(line) < WIDTH - 4:
        return f"    {line}"
    rows: list[str] = []
    for key, value in example.items():
        end = column(rows[-1], 5) + 2 if rows else 5
        behind = member((key, value), 5, end)
        follows = len(behind) <= SHORT or (key == "input" and rows[-1].startswith('"base"'))
        if rows and follows and end + len(behind.split("\n")[0]) < WIDTH - 2:
            rows[-1] += f", {behind}"
        else:
            rows.append(member((key, value), 5))
    return "    {" + ",\n     ".join(rows) + "}"


def column(text: str, inset: int) -> int:
    """Where a text that begins at the inset ends."""
    *before, last = text.split("\n")
    return len(last) + (0 if before else inset)


def render(value: Any, inset: int, used: int, key: str | None = None) -> str:
    """A value as JSON behind so many characters; what is too long for its line is taken apart."""
    line = json.dumps(value, ensure_ascii=False)
    if used + len(line) < WIDTH - 2 or not value or not isinstance(value, dict | list):
        return line
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    entries: list[Entry] = list(value.items()) if isinstance(value, dict) else [(None, one) for one in value]
    if len(entries) == 1 and key != "$lines":
        return opening + member(entries[0], inset, used + 1) + closing
    margin = "\n" + " " * (inset + 2)
    first, *others = (member(one, inset + 2) for one in entries)
    if key == "$lines":
        return opening + margin + f",{margin}".join([first, *others]) + closing
    behind = member(entries[0], inset + 2, used + 1)
    if "\n" in behind and "\n" not in first:  # the first is whole on a line of its own
        return opening + margin + f",{margin}".join(packed([first, *others], inset + 2)) + closing
    return opening + f",{margin}".join(packed([behind, *others], inset + 2, used + 1)) + closing


def member(entry: Entry, inset: int, used: int | None = None) -> str:
    key, value = entry
    before = "" if key is None else label(key)
    return before + render(value, inset, (inset if used is None else used) + len(before), key)


def label(key: str) -> str:
    return f"{json.dumps(key, ensure_ascii=False)}: "


def packed(members: Iterable[str], inset: int, used: int | None = None) -> list[str]:
    """Short members that stand next to each other share a line; the first line has some of it used."""
    rows: list[str] = []
    before = inset if used is None else used
    for one in members:
        fits = rows and "\n" not in rows[-1] and before + len(rows[-1]) + len(one) + 4 < WIDTH
        if fits and len(one) <= SHORT:
            rows[-1] += f", {one}"
        else:
            before = before if not rows else inset
            rows.append(one)
    return rows
