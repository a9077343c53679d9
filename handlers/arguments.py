"""Parses the arguments of a command by its declaration."""

import re
from dataclasses import dataclass, field
from typing import TypedDict, final

from handlers.commands import ALL, COMMANDS, GATES, Declaration, Flag, Param

FlagValue = str | bool | list[str]

_FLAG = re.compile(r"--([^\s=]+)(=?)")
_DASHED = re.compile(r"[—–]([^\s=—–]+)(=?)")
"""A phone makes one dash of the two; it is a flag where the command has one of that name, else a word."""
_ASSIGNMENT = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)=")
_WORD = re.compile(r"[^ \t]+")
_CLOSING = {'"': '"', "“": "”"}
_TASK = r"#?[A-Za-z0-9_-]{1,64}"
_KINDS: dict[str, re.Pattern[str]] = {
    "text": re.compile(r".*\S.*", re.DOTALL),
    "task": re.compile(_TASK),
    "tasks": re.compile(rf"{_TASK}(?:,{_TASK})*"),
    "count": re.compile(r"\+?0*[1-9][0-9]{0,8}"),
    "number": re.compile(r"\+?[0-9]{1,12}(?:\.[0-9]{1,9})?"),
    "amount": re.compile(r"\+?[$€£]?[0-9]{1,12}(?:[.,][0-9]{1,9})?[A-Za-z€£$%]{0,10}"),
    "pipeline": re.compile(r"quick|standard|full"),
    "gate": re.compile("|".join(GATES)),
    "hash": re.compile(r"[0-9a-fA-F]{4,64}"),
    "gate or hash": re.compile("|".join(GATES) + r"|[0-9a-fA-F]{4,64}"),
    "on or off": re.compile(r"on|off"),
    "user": re.compile(r"@?[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"),
}


class Fault(Exception):
    """The first mistake in a line: its kind, the word it is about, what was declared there, in which flag."""

    def __init__(self, error: str, word: str, declared: str = "", flag: str = "") -> None:
        super().__init__(error)
        self.error, self.word, self.declared, self.flag = error, word, declared, flag


@dataclass(frozen=True)
class Token:
    """One piece of a line; a flag has a name, and no value (None) if that comes next."""

    start: int
    end: int
    value: str | None
    name: str | None = None
    quoted: bool = False


@dataclass
class Arguments:
    """What was parsed so far."""

    positional: list[str] = field(default_factory=list)
    flags: dict[str, FlagValue] = field(default_factory=dict)


@final
class CommandLine(TypedDict):
    """A command as one line asks for it."""

    name: str
    positional: list[str]
    flags: dict[str, FlagValue]
    line: str
    """The line as it was written."""


def fits(kind: str, value: str) -> bool:
    """Whether a value is of a kind."""
    if kind == "command":
        return value.removeprefix("/").lower() in (*COMMANDS, ALL)
    return _KINDS[kind].fullmatch(value) is not None


def read_arguments(declaration: Declaration, text: str, *, titled: bool = False) -> Arguments:
    """The arguments in `text`; raises the first Fault from the left. `titled`: an issue's title may serve."""
    found = Arguments()
    position = 0
    while (start := _skip_blanks(text, position)) < len(text):
        position = _read_one(declaration, text, start, found)
    for param in declaration.params[len(found.positional) :]:
        if param.required and not (titled and param.title_serves):
            raise Fault("missing-argument", param.name, param.kind)
    return found


def _read_one(declaration: Declaration, text: str, start: int, found: Arguments) -> int:
    """Parses the piece at `start` into `found`; returns the position after it."""
    param = _next_param(declaration, found)
    if param and param.rest and not declaration.flags:
        found.positional.append(_checked(param, _whole_rest(text, start)))
        return len(text)
    token = _token(text, start, declaration.flags)
    if token.name is not None:
        return _read_flag(declaration, text, token, found)
    if param is None:
        raise Fault("unexpected-argument", text[token.start : token.end])
    if param.rest and not token.quoted:
        end = _before_first_flag(text, start, declaration.flags)
        token = Token(start, end, text[start:end].rstrip())
    found.positional.append(_checked(param, token.value or ""))
    return token.end


def _next_param(declaration: Declaration, found: Arguments) -> Param | None:
    filled = len(found.positional)
    if filled >= len(declaration.params):
        return None
    param = declaration.params[filled]
    return None if param.after and found.positional[-1] not in param.after else param


def _checked(param: Param, value: str) -> str:
    if param.rest and param.required and not value.strip():
        raise Fault("missing-argument", param.name, param.kind)
    if not fits(param.kind, value):
        # where a task is optional, what cannot be a task id is one argument too many
        optional_task = param.kind == "task" and not param.required
        raise Fault("unexpected-argument" if optional_task else "bad-value", value, param.kind)
    return value


def _read_flag(declaration: Declaration, text: str, token: Token, found: Arguments) -> int:
    name = (token.name or "").lower()
    flag = declaration.flags.get(name)
    if flag is None:
        raise Fault("unknown-flag", f"--{token.name}", ", ".join(f"--{known}" for known in declaration.flags))
    if name in found.flags and not flag.repeat:
        raise Fault("duplicate-flag", f"--{name}", flag=name)
    if flag.kind == "switch":
        found.flags[name] = _switch(name, token)
        return token.end
    value = _flag_value(name, flag, text, token)
    if not fits(flag.kind, value.value or ""):
        raise Fault("bad-value", value.value or "", flag.kind, name)
    _keep(found, name, flag, value.value or "")
    return value.end


def _switch(name: str, token: Token) -> bool:
    if token.value not in (None, "true"):
        raise Fault("bad-value", token.value or "", f"`--{name}` without a value", name)
    return True


def _flag_value(name: str, flag: Flag, text: str, token: Token) -> Token:
    """The token that holds the flag's value: itself (`--k=v`), or the next one (`--k v`)."""
    start = _skip_blanks(text, token.end)
    missing = Fault("missing-argument", f"--{name}", flag.kind, name)
    if token.value is not None:
        if not token.value and not token.quoted:
            raise missing
        return token
    if start >= len(text) or _FLAG.match(text, start):
        raise missing
    return _token(text, start, {})


def _keep(found: Arguments, name: str, flag: Flag, value: str) -> None:
    if not flag.repeat:
        found.flags[name] = value
        return
    held = found.flags.setdefault(name, [])
    assert isinstance(held, list)
    held.append(value)


def _token(text: str, start: int, flags: dict[str, Flag]) -> Token:
    """The token at `start`, which is no blank."""
    if text[start] in _CLOSING:
        value, end = _quoted(text, start)
        return Token(start, end, value, quoted=True)
    named = _name_at(text, start, flags)
    if named is None:
        end = _word_end(text, start)
        return Token(start, end, text[start:end])
    name, value_at = named
    if value_at is None:
        return Token(start, _word_end(text, start), None, name)
    if value_at < len(text) and text[value_at] in _CLOSING:
        value, end = _quoted(text, value_at)
        return Token(start, end, value, name, quoted=True)
    end = _word_end(text, value_at)
    return Token(start, end, text[value_at:end], name)


def _name_at(text: str, start: int, flags: dict[str, Flag]) -> tuple[str, int | None] | None:
    """The flag that begins at `start`, and where its value does if it is bound by `=`."""
    if match := _FLAG.match(text, start):
        return match[1], match.end() if match[2] else None
    if (match := _DASHED.match(text, start)) and match[1].lower() in flags:
        return match[1], match.end() if match[2] else None
    match = _ASSIGNMENT.match(text, start)
    if match and match[1].lower() in flags:
        return match[1], match.end()
    return None


def _quoted(text: str, start: int) -> tuple[str, int]:
    """The text between the quote at `start` and its closing one, and the position after that."""
    closing = _CLOSING[text[start]]
    position = start + 1
    while (end := text.find(closing, position)) != -1:
        if text[end - 1] != "\\" or end - 1 == start:
            value = text[start + 1 : end]
            return value.replace("\\" + closing, closing).replace('\\"', '"'), end + 1
        position = end + 1
    raise Fault("unclosed-quote", text[start:])


def _whole_rest(text: str, start: int) -> str:
    """The rest of the line as typed; without its quotes where it is one quoted text."""
    rest = text[start:].rstrip(" \t")
    if rest[0] not in _CLOSING:
        return rest
    value, end = _quoted(rest, 0)
    return value if end == len(rest) else rest


def _before_first_flag(text: str, start: int, flags: dict[str, Flag]) -> int:
    """Where free text that starts at `start` ends: before the next flag, or with the line."""
    for word in _WORD.finditer(text, start):
        if _name_at(text, word.start(), flags) is not None:
            return word.start()
    return len(text)


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t":
        position += 1
    return position


def _word_end(text: str, start: int) -> int:
    match = _WORD.match(text, start)
    return match.end() if match else start
