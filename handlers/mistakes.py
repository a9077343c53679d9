"""Says in one sentence what is wrong with a command, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from handlers.arguments import Fault
from handlers.commands import COMMANDS, OFFERED, VALUE_WORDS, Declaration
from shell.neutralize import as_code

if TYPE_CHECKING:
    from stages.world import Mistake

_FARTHEST = 2
_SHORT = 3
_SHOWN = 60


def describe(fault: Fault, line: str, declaration: Declaration | None = None) -> Mistake:
    """The mistake as an event carries it."""
    return {"error": fault.error, "line": line, "help": _sentence(fault, declaration)}


def _sentence(fault: Fault, declaration: Declaration | None) -> str:
    if declaration is None:
        return _without_command(fault)
    if inactive := _inactive(fault, declaration):
        return does_not_act(declaration.name, [inactive])
    word, name, usage = shown(fault.word), f"`/{declaration.name}`", f"Usage: `{declaration.usage}`."
    wanted = VALUE_WORDS.get(fault.declared, fault.declared)
    match fault.error:
        case "duplicate-flag":
            return f"{word} is given twice in {name}; keep one."
        case "unknown-flag":
            known = " ".join(f"`--{flag}`" for flag in declaration.acting_flags)
            return (
                f"{name} has no flag {word}; it takes {known}."
                if known
                else f"{name} takes no flags (got {word})."
            )
        case "missing-argument" if fault.word.startswith("--"):
            return f"{word} needs a value: {wanted}. {usage}"
        case "missing-argument":
            return f"{name} needs a {word}: {wanted}. {usage}"
        case "unexpected-argument" if not declaration.params and not declaration.acting_flags:
            return f"{name} takes no arguments (got {word})."
        case "unexpected-argument":
            return f"{name} does not take {word}; put a value with spaces in quotes. {usage}"
        case "bad-value":
            return f"{name} does not accept {word} here; it takes {wanted}."
        case _:
            return _without_command(fault)


def _without_command(fault: Fault) -> str:
    """The sentence for a mistake that does not depend on the command."""
    match fault.error:
        case "unknown-command":
            return _unknown(fault.word, fault.declared)
        case "unclosed-quote":
            return f"Close the quote that starts at {shown(fault.word)} with the same kind of quote."
        case "too-much-work":
            return "I gave up reading this text, it took too long; write the command in a comment of its own."
        case _:
            return "I read only the first 200 commands of a text; put the rest in a new comment."


def _inactive(fault: Fault, declaration: Declaration) -> str | None:
    """The command or flag of this line that does not act yet: its usage is not explained."""
    if not declaration.acts:
        return f"/{declaration.name}"
    flag = declaration.flags.get(fault.flag)
    return f"--{fault.flag}" if flag and not flag.acts else None


def does_not_act(name: str, parts: list[str]) -> str:
    """One line on what is declared but does not act yet."""
    if parts == [f"/{name}"]:
        return f"`/{name}` is not available yet; `/help` lists the commands you can use."
    missing = " and ".join(f"`{part}`" for part in parts)
    verb = "is" if len(parts) == 1 else "are"
    return f"{missing} {verb} not available for `/{name}` yet, so nothing was done; try again without."


def _unknown(word: str, prefix: str) -> str:
    asked = shown(f"/{prefix}{word.removeprefix('/')}")
    guess = nearest(word, OFFERED)
    if guess:
        return f"Unknown command {asked}; did you mean `/{prefix}{guess}`?"
    return f"Unknown command {asked}; `/{prefix}help` lists the commands."


def shown(word: str) -> str:
    return as_code(word, _SHOWN) or "an empty text"


def nearest(word: str, among: Iterable[str] = COMMANDS) -> str | None:
    """The command that was most likely meant; None if none is near."""
    wanted = word.lower()
    distances = [
        (distance(wanted, name), name) for name in among if abs(len(name) - len(wanted)) <= _FARTHEST
    ]
    near = [name for far, name in distances if _is_near(far, wanted, name)]
    return min(near, key=lambda name: _unlikeness(wanted, name)) if near else None


def _unlikeness(wanted: str, name: str) -> tuple[bool, int, bool, str]:
    """The one with the same letters comes first, then the nearest, then one that begins alike."""
    return sorted(wanted) != sorted(name), distance(wanted, name), wanted[:1] != name[:1], name


def _is_near(far: int, wanted: str, name: str) -> bool:
    """A short word with two wrong letters is another word, unless it begins alike (`/tmp` is not `/stop`)."""
    return far < _FARTHEST or (far == _FARTHEST and (len(wanted) > _SHORT or wanted[:1] == name[:1]))


def distance(one: str, other: str) -> int:
    """The edit distance: letters to insert, delete or change to turn one word into the other."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row = row, [number]
        for index, counterpart in enumerate(other):
            change = above[index] + (letter != counterpart)
            row.append(min(change, above[index + 1] + 1, row[index] + 1))
    return row[-1]
