"""Texts that are hard to read: too long, deeply nested, or full of what never ends; drawn by chance too."""

from collections.abc import Iterator
from time import process_time
from typing import Any

from handlers.read import LONGEST, read_commands
from jobs.decide import Decider, decide
from shell.store import Loaded

from .kind import Arena, Defence, Kind, Tried

_MOST_S = 2.0
"""Of processor time; where that is reached, the bot gives the text up."""
_PIECES = (
    "> ", "- ", "1. ", "# ", "*a ", "**a_b ", "_", "[", "![", "[a](", "](", "[a]: ", "[^a]: ", "^[",
    "|", "|a|b|\n|-|-|\n", "<!-- ", "<a b='", "</a>", "<details>", "<summary>\n", "</details>\n", "<?",
    "<![CDATA[", "&amp;", "&#x", "`", "``", "```\n", "~~~\n", "$", "$$\n", "\\", "\n", "\n\n", "  ",
    "\t", "a", "=\n", "---\n", "On 1\n", "wrote:\n", "From: a\n", "-- \n", "\u202e", "\u00a0", "\0",
    "/status\n", "/statu ", "/plan --auto ", '/tell "', "\U000e0041",
)  # fmt: skip


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield _read("a comment of 1 MB of lists", "- - - - a\n" * 100_000)
    yield _others_wait_no_longer()
    yield _read("a comment of 3 MB", "[link](<x " * 300_000)
    yield _read("a comment of 3 MB of lists", "- - - - a\n" * 300_000)
    yield _read("thousands of commands that are none", "".join(f"/statu{n}\n" for n in range(9000)))
    yield _thousand_commands()
    for piece in _PIECES:
        yield _read(f"{piece!r} again and again", piece * (LONGEST // len(piece)))
    for number in range(20 if arena.short else 400):
        few = arena.random.sample(_PIECES, arena.random.randint(2, 5))
        row = "".join(arena.random.choices(few, k=arena.random.randint(2, 60)))
        yield _read(f"text {number} of {few}", row * (LONGEST // len(row)))


def _read(name: str, text: str) -> Tried:
    began = process_time()
    read_commands(text)
    seconds = process_time() - began
    return Tried(name, seconds < _MOST_S, f"{seconds:.2f} s")


def _thousand_commands() -> Tried:
    found = read_commands("".join(f"/retry t{number}\n" for number in range(1000)))
    return Tried("a thousand commands in one comment", 0 < len(found) <= 201, f"{len(found)} read")


def _others_wait_no_longer() -> Tried:
    """A lane full of hard texts: after each of them others get their turn."""
    text = ("- " * 20 + "a\n") * 1500
    events: list[Any] = [{"type": "issue_comment", "key": f"c{number}", "body": text} for number in range(8)]

    def expand(event: Any, _state: object) -> list[Any]:
        read_commands(event["body"])
        return []

    nothing: Any = {}
    decider = Decider(
        expand, lambda _: None, lambda *_: (nothing, []), lambda _: nothing, lambda: "", lambda *_: set()
    )
    began = process_time()
    decided = decide(Loaded("gitea-1", {}), events, decider, lambda: process_time() - began > 0.1)  # type: ignore[typeddict-item]
    count = len(decided.consumed)
    return Tried("a lane full of hard texts", count < 5, f"{count} of 8 in one turn")


KIND = Kind(
    "reading",
    "texts that are hard to read",
    play,
    (
        Defence(
            "a text is read up to a length",
            "handlers/read.py",
            "paragraph_lines(text[:LONGEST])",
            "paragraph_lines(text)",
        ),
        Defence(
            "a lane's turn ends between two events",
            "jobs/decide.py",
            "            if enough():\n",
            "            if False:\n",
        ),
    ),
)
