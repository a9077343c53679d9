"""Says in one kind sentence what is wrong with a command, and what to write instead."""

from typing import Any

from handlers.arguments import Fault
from handlers.commands import COMMANDS, VALUE_WORDS, Declaration

Mistake = dict[str, Any]
"""`{"error": kind, "line", "word", "help": one sentence}`"""

_FARTHEST = 2
_SHORT = 3
_SHOWN = 60


def describe(fault: Fault, line: str, declaration: Declaration | None = None) -> Mistake:
    """The mistake as it is handed on."""
    return {"error": fault.error, "line": line, "word": fault.word, "help": _sentence(fault, declaration)}


def _sentence(fault: Fault, declaration: Declaration | None) -> str:
    word = shown(fault.word)
    name = f"/{declaration.name}" if declaration else ""
    usage = f"It is written `{declaration.usage}`." if declaration else ""
    wanted = VALUE_WORDS.get(fault.declared, fault.declared)
    match fault.error:
        case "unknown-command":
            return _unknown(fault.word, fault.declared)
        case "unclosed-quote":
            return f"The quote that opens at {word} is never closed; close it with the same kind of quote."
        case "duplicate-flag":
            return f"{word} stands twice in `{name}`; keep one of them."
        case "unknown-flag":
            known = f"it knows {wanted}" if wanted else "it has no flags"
            return f"`{name}` does not know {word}; {known}."
        case "missing-argument":
            what = (
                f"{word} needs {wanted} behind it"
                if fault.word.startswith("--")
                else f"`{name}` needs {word}"
            )
            return f"{what}. {usage}"
        case "unexpected-argument":
            return _unexpected(word, declaration) if declaration else word
        case "bad-value":
            return f"{word} does not fit `{name}`: it takes {wanted} there."
        case _:
            return "One text may hold 200 commands; the first 200 were read. Put the others in a new comment."


def _unknown(word: str, prefix: str) -> str:
    guess = nearest(word)
    if guess:
        return f"I do not know {shown(word)}; did you mean `/{prefix}{guess}`?"
    return f"I do not know {shown(word)}; `/{prefix}help` lists what you may run here."


def _unexpected(word: str, declaration: Declaration) -> str:
    if not declaration.params and not declaration.flags:
        return f"`/{declaration.name}` takes nothing behind it, but there is {word}."
    usage = f"It is written `{declaration.usage}`."
    return f"`/{declaration.name}` does not take {word}; put longer values in quotes. {usage}"


def shown(word: str) -> str:
    """A word as code in a comment, short, and unable to end the code."""
    plain = " ".join(word.replace("`", "'").split())
    return f"`{plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + '…'}`"


def nearest(word: str) -> str | None:
    """The command that was most likely meant; None if none is near."""
    wanted = word.lower()
    distances = [
        (distance(wanted, name), name) for name in COMMANDS if abs(len(name) - len(wanted)) <= _FARTHEST
    ]
    near = [name for far, name in distances if _is_near(far, wanted, name)]
    return min(near, key=lambda name: _strangeness(wanted, name)) if near else None


def _strangeness(wanted: str, name: str) -> tuple[bool, int, bool, str]:
    """The one with the same letters comes first, then the nearest, then one that begins alike."""
    return sorted(wanted) != sorted(name), distance(wanted, name), wanted[:1] != name[:1], name


def _is_near(far: int, wanted: str, name: str) -> bool:
    """A short word with two wrong letters is another word, unless it begins alike (`/tmp` is not `/stop`)."""
    return far < _FARTHEST or (far == _FARTHEST and (len(wanted) > _SHORT or wanted[:1] == name[:1]))


def distance(one: str, other: str) -> int:
    """How many letters to put in, take out or change to make one word the other."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        above, row = row, [number]
        for index, counterpart in enumerate(other):
            change = above[index] + (letter != counterpart)
            row.append(min(change, above[index + 1] + 1, row[index] + 1))
    return row[-1]
