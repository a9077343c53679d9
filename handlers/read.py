"""Parses the commands in a text that a person wrote, and the mistakes in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Hashable
from typing import TYPE_CHECKING, Literal

from handlers.arguments import Arguments, CommandLine, Fault, FlagValue, read_arguments
from handlers.commands import COMMANDS, Declaration
from handlers.markdown import Line, paragraph_lines
from handlers.mistakes import describe, nearest

if TYPE_CHECKING:
    from stages.world import Mistake

Where = Literal["issue", "pr", "review", "title"]

LONGEST = 64 * 1024
"""Characters of a text that are read for commands: GitHub takes no longer comment."""
MOST_COMMANDS = 200
MOST_GUESSES = 500
"""So many unknown words are compared with the commands; a text with more of them is no text for us."""
PREFIX = "caloron"
_SLASH = re.compile(r"[ \u00a0]{0,3}/(?=[^\s/])")
_WORD = re.compile(r"([\w-]+)[.,!?:]?(?=[ \t]|$)")
_PREFIXES = re.compile(rf"(?:/?{PREFIX}[.,!?:]?(?:[ \t]+|$))*", re.IGNORECASE | re.ASCII)
_INVISIBLE_LETTERS = re.compile("[\u115f\u1160\u3164\uffa0]")
_PLAIN = {
    "resolved": "resolved",
    "caloron:take-over": "take-over",
    "assign-human": "assign-human",
    "break-down": "break-down",
}
_PLAIN_WORD = re.compile(
    rf"[ \u00a0]{{0,3}}({'|'.join(_PLAIN)})[.,!?:]?(?=[ \t\u00a0]|$)", re.IGNORECASE | re.ASCII
)


def read_commands(
    text: str,
    *,
    previous: str | None = None,
    had: Collection[str] | None = None,
    author_id: int | None = None,
    editor_id: int | None = None,
    where: Where = "issue",
    escalation: bool = False,
    prefix_required: bool = False,
    bot: bool = False,
) -> list[CommandLine | Mistake]:
    """The commands and mistakes of a text, in order; of an edit, only those that the old text did not have.

    The old text is `previous`; where only its commands are known, `had` is what `asked_in` returned for it.
    """
    if bot or where == "title":
        return []
    reader = _Reader(titled=where == "issue", escalation=escalation, prefix_required=prefix_required)
    if previous is None and had is None:
        return list(reader.read(text).values())
    if editor_id is None or editor_id != author_id:
        return []
    old = had if had is not None else {_name(key) for key in reader.read(previous or "")}
    return [found for key, found in reader.read(text).items() if _name(key) not in old]


def asked_in(text: str, *, where: Where = "issue", prefix_required: bool = False) -> list[str]:
    """Short names of all commands and mistakes in the text: enough to tell later which ones are new."""
    reader = _Reader(titled=where == "issue", escalation=False, prefix_required=prefix_required)
    return [_name(key) for key in reader.read(text)]


def _name(key: Hashable) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:12]


class _Reader:
    """Parses the lines of one place."""

    def __init__(self, *, titled: bool, escalation: bool, prefix_required: bool) -> None:
        self._titled, self._escalation, self._prefix_required = titled, escalation, prefix_required
        self._guesses = MOST_GUESSES

    def read(self, text: str) -> dict[Hashable, CommandLine | Mistake]:
        """Each command or mistake once, by what makes it the same."""
        found: dict[Hashable, CommandLine | Mistake] = {}
        self._guesses = MOST_GUESSES
        for line in paragraph_lines(text[:LONGEST]):
            one = self._line(line)
            if one is None or (key := _sameness(one)) in found:
                continue
            if len(found) == MOST_COMMANDS:
                found["too-many"] = describe(Fault("too-many-commands", ""), one["line"])
                break
            found[key] = one
        return found

    def _line(self, line: Line) -> CommandLine | Mistake | None:
        text = line.text.replace("\u00a0", " ")
        source = line.source.strip()
        slash = _SLASH.match(text)
        if slash:
            return self._slash(text[slash.end() :], source)
        plain = _PLAIN_WORD.match(text) if self._escalation else None
        return self._plain(plain[1].lower(), text[plain.end() :], source) if plain else None

    def _slash(self, text: str, source: str) -> CommandLine | Mistake | None:
        word = _WORD.match(text)
        if word is None or _INVISIBLE_LETTERS.search(word[1]):
            return None
        rest = text[word.end() :]
        if word[1].lower() == PREFIX:
            return self._prefixed(rest.strip(" \t"), source)
        if self._prefix_required:
            return None
        declaration = _declared(word[1])
        if declaration is None:
            return _unknown(word[1], source) if self._may_guess() and nearest(word[1]) else None
        return self._parsed(declaration, rest, source)

    def _may_guess(self) -> bool:
        self._guesses -= 1
        return self._guesses >= 0

    def _prefixed(self, text: str, source: str) -> CommandLine | Mistake:
        """What follows `/caloron`, which may be repeated."""
        begin = _PREFIXES.match(text)
        text = text[begin.end() :].removeprefix("/") if begin else text
        word = _WORD.match(text)
        if not text:
            return self._parsed(COMMANDS["help"], "", source)
        declaration = _declared(word[1]) if word else None
        if word is None or declaration is None:
            return _unknown(word[1] if word else (text.split() or [text])[0], source, f"{PREFIX} ")
        return self._parsed(declaration, text[word.end() :], source)

    def _plain(self, word: str, rest: str, source: str) -> CommandLine | Mistake | None:
        """An escalation's plain word; with more words than the command takes, it is prose."""
        found = self._parsed(COMMANDS[_PLAIN[word]], rest, source)
        return None if found.get("error") == "unexpected-argument" else found

    def _parsed(self, declaration: Declaration, rest: str, source: str) -> CommandLine | Mistake:
        try:
            read = read_arguments(declaration, rest, titled=self._titled)
        except Fault as fault:
            return describe(fault, source, declaration)
        return _command(declaration, read, source)


def _declared(word: str) -> Declaration | None:
    """The command of that name in any case; letters that only match after lowering do not count."""
    return COMMANDS.get(word.lower()) if word.isascii() else None


def _command(declaration: Declaration, read: Arguments, source: str) -> CommandLine:
    return {"name": declaration.name, "positional": read.positional, "flags": read.flags, "line": source}


def _unknown(word: str, source: str, prefix: str = "") -> Mistake:
    return describe(Fault("unknown-command", word, prefix), source)


def _sameness(found: CommandLine | Mistake) -> Hashable:
    """Equal for two commands that ask for the same thing, however they are written."""
    if "error" in found:
        return found["error"], " ".join(found["line"].split())
    declaration = COMMANDS[found["name"]]
    positional = tuple(
        _plain_value(param.kind, value)
        for param, value in zip(declaration.params, found["positional"], strict=False)
    )
    flags = {name: _plain_flag(declaration.flags[name].kind, value) for name, value in found["flags"].items()}
    return found["name"], positional, tuple(sorted(flags.items()))


def _plain_flag(kind: str, value: FlagValue) -> Hashable:
    if isinstance(value, list):
        return tuple(_plain_value(kind, one) for one in value)
    return value if isinstance(value, bool) else _plain_value(kind, value)


def _plain_value(kind: str, value: str) -> float | str:
    if kind in ("number", "count"):
        return float(value)
    return " ".join(value.split())
