"""Markdown of ours as plain text for a terminal: headings, tables in columns, no tags."""

import re

_RULE = re.compile(r"\|[\s:|-]+\|")


def plain(markdown: str) -> str:
    """The text without tags and emphasis, each table aligned."""
    lines = [re.sub(r"<[^>]+>|\*\*", "", line).rstrip() for line in markdown.splitlines()]
    out: list[str] = []
    table: list[list[str]] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            if not _RULE.fullmatch(line):
                table.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        out += _aligned(table)
        table = []
        out.append(_heading(line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip()


def _heading(line: str) -> str:
    text = line.lstrip("#").strip()
    return line if text == line or not line.startswith("#") else f"{text}\n{'-' * len(text)}"


def _aligned(table: list[list[str]]) -> list[str]:
    columns = max((len(row) for row in table), default=0)
    full = [[*row, *[""] * (columns - len(row))] for row in table]
    widths = [max(len(row[at]) for row in full) for at in range(columns)]
    return [
        "  " + "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in full
    ]
