"""Finds where a mail's tail begins: its signature, or the message that it answers."""

import re
from collections.abc import Callable

_BLANK = "[ \t\u00a0]"
_SIGNATURE = re.compile(r"--[ \u00a0]")
_WROTE = re.compile(rf" {{0,3}}On\b.*\bwrote:{_BLANK}*")
_WROTE_BEGINS = re.compile(r" {0,3}On\b")
_WROTE_ENDS = re.compile(rf"(?:.*{_BLANK})?wrote:{_BLANK}*")
_ORIGINAL = re.compile(rf"{_BLANK}*-{{3,}}{_BLANK}*Original Message{_BLANK}*-{{3,}}{_BLANK}*", re.IGNORECASE)
_FROM = re.compile(r"[ \u00a0]{0,3}\*{0,2}From:\*{0,2}.*")
_SENT = re.compile(r"[ \u00a0]{0,3}\*{0,2}Sent:\*{0,2}.*")
_QUOTE = re.compile(r" {0,3}>")


def is_signature(line: str) -> bool:
    """Whether the line is the one that stands before a signature."""
    return _SIGNATURE.fullmatch(line) is not None


def may_have_tail(lines: list[str]) -> bool:
    """Whether it is worth looking closer."""
    return any(_heads_at(lines, number) is not None for number in range(len(lines)))


def tail_start(lines: list[str], is_code: Callable[[int], bool]) -> int:
    """The number of the line with which the tail begins; the number of lines if there is none."""
    number = 0
    while number < len(lines):
        head_end = _heads_at(lines, number)
        if head_end is None or is_code(number):
            number += 1
        elif is_signature(lines[number]) or not _quote_follows(lines, head_end):
            return number
        else:
            number = head_end
    return len(lines)


def _heads_at(lines: list[str], number: int) -> int | None:
    """The line behind the head of a tail that begins at this one; None where none begins."""
    line = lines[number]
    if is_signature(line) or _WROTE.fullmatch(line):
        return number + 1
    if _ORIGINAL.fullmatch(line):
        return _paragraph_end(lines, number + 1)
    near = lines[number + 1 : number + 4]
    if _is_outlook_head(line, _until_blank(near)):
        return _paragraph_end(lines, number)
    return _wrapped_attribution(lines, number, near)


def _is_outlook_head(line: str, near: list[str]) -> bool:
    """Whether `From:` and `Sent:` stand together, with this line first."""
    if _FROM.fullmatch(line):
        return any(map(_SENT.fullmatch, near))
    return _SENT.fullmatch(line) is not None and any(map(_FROM.fullmatch, near))


def _wrapped_attribution(lines: list[str], number: int, near: list[str]) -> int | None:
    """`On … wrote:` that a mail program broke into two or three lines."""
    if not _WROTE_BEGINS.match(lines[number]):
        return None
    head = lines[number]
    for extra, line in enumerate(_until_blank(near[:2]), 1):
        head += " " + line
        if line.lstrip().startswith(("/", ">", "- ", "```")):
            return None
        if _WROTE_ENDS.fullmatch(line):
            return number + extra + 1 if re.search(r"[0-9@]", head) else None
    return None


def _until_blank(lines: list[str]) -> list[str]:
    for count, line in enumerate(lines):
        if not line.strip():
            return lines[:count]
    return lines


def _paragraph_end(lines: list[str], number: int) -> int:
    while number < len(lines) and lines[number].strip():
        if _QUOTE.match(lines[number]):
            return number
        number += 1
    return number


def _quote_follows(lines: list[str], number: int) -> bool:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number < len(lines) and _QUOTE.match(lines[number]) is not None
