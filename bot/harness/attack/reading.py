"""Texts that are hard to read: too long, deeply nested, or full of what never ends; drawn by chance too."""

from collections.abc import Iterator
from time import process_time
from typing import Any

from bot.fake_forge import FakeForge
from handlers.read import LONGEST, read_commands
from jobs import context, reading
from jobs.decide import Decider, decide
from jobs.reading import ALLOWANCE_S, LEAST_S, READ_S, Reading
from jobs.ticks import discover
from shell.cpu_limit import TooLong, cpu_limit
from shell.store import Loaded
from shell.valkey import serving

from .deliveries import scene_of
from .kind import Arena, Defence, Kind, Tried

_LATE_S = 0.5
"""So much processor time after the limit a text is given up at the latest."""
_LITTLE_S = 0.3
_HARD = "\xa0\xa0> \xa0  [$$\n>     [  \xa0[[\xa0\xa0\xa0  [$$\n  "
"""Again and again it takes a parser of Markdown some seconds: far more than a limit this small."""
_PIECES = (
    "> ", "- ", "1. ", "# ", "*a ", "**a_b ", "_", "[", "![", "[a](", "](", "[a]: ", "[^a]: ", "^[",
    "|", "|a|b|\n|-|-|\n", "<!-- ", "<a b='", "</a>", "<details>", "<summary>\n", "</details>\n", "<?",
    "<![CDATA[", "&amp;", "&#x", "`", "``", "```\n", "~~~\n", "$", "$$\n", "\\", "\n", "\n\n", "  ",
    "\t", "a", "=\n", "---\n", "On 1\n", "wrote:\n", "From: a\n", "-- \n", "\u202e", "\u00a0", "\0",
    "/status\n", "/statu ", "/plan --auto ", '/tell "', "\U000e0041",
)  # fmt: skip


def play(arena: Arena) -> Iterator[Tried]:
    """Every attempt of this kind."""
    yield _read("a comment of 3 MB of lists", "- - - - a\n" * 300_000, to_its_end=True)
    yield _others_wait_no_longer()
    yield _allowance()
    yield _given_up(arena)
    yield _read("a comment of 3 MB", "[link](<x " * 300_000, to_its_end=True)
    none = "".join(f"/statu{number}\n" for number in range(9000))
    yield _read("thousands of commands that are none", none, to_its_end=True)
    yield _thousand_commands()
    for piece in _PIECES:
        yield _read(f"{piece!r} again and again", piece * (LONGEST // len(piece)))
    for number in range(20 if arena.short else 400):
        few = arena.random.sample(_PIECES, arena.random.randint(2, 5))
        row = "".join(arena.random.choices(few, k=arena.random.randint(2, 60)))
        yield _read(f"text {number} of {few}", row * (LONGEST // len(row)))


def _read(name: str, text: str, to_its_end: bool = False) -> Tried:
    """Read as a worker reads it: in time, to its end or given up."""
    began, words = process_time(), "read"
    try:
        with cpu_limit(READ_S):
            read_commands(text)
    except TooLong:
        words = "given up"
    seconds = process_time() - began
    held = seconds < READ_S + _LATE_S and (words == "read" or not to_its_end)
    return Tried(name, held, f"{words} after {seconds:.2f} s")


def _given_up(arena: Arena) -> Tried:
    """A text that takes too long, as a comment, is given up and that is said; the next one is read."""
    with serving(arena.folder / "store") as url, FakeForge("gitea", arena.folder / "forge") as forge:
        scene = scene_of(arena, url, forge)
        context.use(scene.ctx)
        discover(scene.ctx)
        given, reading.READ_S = reading.READ_S, _LITTLE_S
        try:
            answers = [scene.answered(text) for text in (_HARD * (LONGEST // len(_HARD)), "/caloron stauts")]
        finally:
            reading.READ_S = given
            context.use(None)
    held = "gave up" in answers[0] and "/caloron status" in answers[1] and not scene.broken
    return Tried("a comment that takes too long", held, f"{answers} {scene.broken}"[:300])


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


def _allowance() -> Tried:
    """Hard texts without end in one repository: soon each is given up after a moment."""
    text, shared, many = ("- " * 30 + "a\n") * 1050, Reading(), 12
    began, given_up = process_time(), 0
    for _ in range(many):
        try:
            with shared.limited("gitea-1"):
                read_commands(text)
        except TooLong:
            given_up += 1
    seconds, most = process_time() - began, ALLOWANCE_S + READ_S + many * LEAST_S
    seen = f"{seconds:.1f} s, {given_up} of {many} given up"
    return Tried("hard texts without end in one repository", seconds < most and given_up > many // 2, seen)


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
            "a text that takes too long is given up",
            "jobs/reading.py",
            "with cpu_limit(self.limit(lane)):",
            "with cpu_limit(600.0):",
        ),
        Defence(
            "hard texts of one repository share an allowance",
            "jobs/reading.py",
            "self._taken[lane] = since, taken + seconds",
            "pass",
        ),
        Defence(
            "a lane's turn ends between two events",
            "jobs/decide.py",
            "            if enough():\n",
            "            if False:\n",
        ),
    ),
)
