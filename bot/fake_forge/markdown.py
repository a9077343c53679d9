"""As much Markdown as the plain pages need: headings, lists, tables, code, folded parts and links."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

TAG = re.compile(r"</?(details|summary)( open)?>")


def rendered(text: str, issues_at: str) -> str:
    """Safe HTML; `issues_at` is where `#12` leads to. Hidden comments stay hidden."""
    lines = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip().splitlines()
    return "".join(_blocks(lines, issues_at)) or "<p class=dim>—</p>"


def _blocks(lines: list[str], issues_at: str) -> Iterator[str]:
    place = 0
    while place < len(lines):
        line = lines[place].strip()
        if line.startswith("```"):
            end = _until(lines, place + 1, lambda one: one.strip().startswith("```"))
            yield f"<pre class=code>{html.escape(chr(10).join(lines[place + 1 : end]))}</pre>"
            place = end + 1
        elif line.startswith("|"):
            end = _until(lines, place, lambda one: not one.strip().startswith("|"))
            yield _table(lines[place:end], issues_at)
            place = end
        else:
            yield _line(line, len(lines[place]) - len(lines[place].lstrip()), issues_at)
            place += 1


def _until(lines: list[str], start: int, ends: Callable[[str], bool]) -> int:
    return next((n for n in range(start, len(lines)) if ends(lines[n])), len(lines))


def _line(line: str, indent: int, issues_at: str) -> str:
    if heading := re.match(r"#{1,6} +(.*)", line):
        return f"<h3>{_inline(heading[1], issues_at)}</h3>"
    if TAG.match(line):
        # Only these two tags, whatever stands between them is escaped like all else.
        parts = re.split(r"(</?(?:details|summary)(?: open)?>)", line)
        return "".join(part if TAG.fullmatch(part) else _inline(part, issues_at) for part in parts)
    item = re.match(r"(?:[-*]|\d+\.) +(\[[ xX]\] )?(.*)", line)
    if item is None:
        return f"<p>{_inline(line, issues_at)}</p>" if line else ""
    mark = {"": "•", "[ ] ": "☐"}.get(item[1] or "", "☑")
    return f'<p class=item style="margin-left:{indent / 2 + 0.3}rem">{mark} {_inline(item[2], issues_at)}</p>'


def _table(lines: list[str], issues_at: str) -> str:
    rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in lines]
    kept = [row for row in rows if not all(re.fullmatch(r"\s*:?-+:?\s*", cell) for cell in row)]
    cells = [[_inline(cell.strip().replace(r"\|", "|"), issues_at) for cell in row] for row in kept]
    shown = []
    for number, row in enumerate(cells):
        kind = "th" if number == 0 else "td"
        shown.append("<tr>" + "".join(f"<{kind}>{cell}</{kind}>" for cell in row) + "</tr>")
    return f"<table>{''.join(shown)}</table>"


def _inline(text: str, issues_at: str) -> str:
    """Code first, so that nothing inside it is read; then links, emphasis and numbers of issues."""
    parts = re.split(r"`([^`]+)`", text)
    shown = [_words(part, issues_at) if n % 2 == 0 else _code(part) for n, part in enumerate(parts)]
    return "".join(shown)


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


def _words(text: str, issues_at: str) -> str:
    shown = html.escape(text)
    link = re.compile(
        r"\[(?P<text>[^\]]+)\]\((?P<to>(?:https?://|/)[^\s)]+)\)"
        r"|(?P<bare>https?://[^\s<>)]+)|(?<![\w/&])#(?P<number>\d+)\b"
    )

    def replaced(found: re.Match[str]) -> str:
        if found["number"]:
            return f'<a href="{html.escape(issues_at)}/{found["number"]}">#{found["number"]}</a>'
        to = found["to"] or found["bare"]
        return f'<a href="{to}">{found["text"] or to}</a>'

    shown = link.sub(replaced, shown)
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", shown)
