"""The page on the life of a task: the table that decides it, and a drawing of what its examples show."""

import copy
import importlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import compositions
from compositions.examples import examples_of

from .declared import of_type

FOLLOWS = (
    "date_heads", "expect_no_more", "open_milestone", "unblock", "block", "settle_checks",
    "hold_over_budget", "dispatch", "find_stalls", "merge_next",
)  # fmt: skip
"""What is done after every event, in order."""


class Move(NamedTuple):
    """A task's way from one status to another (or to the same), and what took it there."""

    before: str
    cause: str
    after: str


def life() -> str:
    """The table of the stage `dag_evaluate`, with the moves that its examples make."""
    evaluate: Any = importlib.import_module("stages.dag.evaluate")
    moves = sorted({move for example in evaluated() for move in moves_of(evaluate, example)})
    parts = [
        "# The life of a task\n",
        "Decided in one place, the stage `dag_evaluate`, by this table: an [event](events.md), the statuses "
        "in which it counts (in others it changes nothing), and where its examples lead. Which of several "
        "ways is taken depends on the task: `caloron stages show dag_evaluate` tells each case in words.\n",
        "```mermaid",
        *drawing(moves),
        "```\n",
        "| event | what it is | counts in | leads to |",
        "|---|---|---|---|",
        *(row(kind, statuses, moves) for kind, (statuses, _) in evaluate.LIFE.items()),
        "\nAfter each event, and when the clock ticks, for all tasks:\n",
        *(follows(getattr(evaluate, name), moves) for name in FOLLOWS),
    ]
    return "\n".join(parts)


def evaluated() -> list[dict[str, Any]]:
    return [one for one in examples_of(compositions.catalogue().find("dag_evaluate").file) if "output" in one]


def moves_of(evaluate: Any, example: dict[str, Any]) -> Iterator[Move]:
    """What the example's events do, each by itself, and what follows from the tasks as they then stand."""
    given = copy.deepcopy(example["input"])
    step = evaluate.Step(given)
    for event in given.get("events", []):
        yield from moved(step, str(event.get("type")), evaluate.take_event, event)
    for name in FOLLOWS:
        yield from moved(step, name, getattr(evaluate, name))


def moved(step: Any, cause: str, apply: Callable[..., None], *about: Any) -> Iterator[Move]:
    before = dict(step.tasks)
    apply(step, *about)
    for name, task in step.tasks.items():
        if task is not before[name]:
            yield Move(before[name]["status"], cause, task["status"])


def row(kind: str, statuses: tuple[str, ...], moves: list[Move]) -> str:
    ways = [f"{one.before} → {one.after}" for one in moves if one.cause == kind and one.before != one.after]
    stays = any(one.cause == kind and one.before == one.after for one in moves)
    leads_to = [*dict.fromkeys(ways), *(["stays, and remembers it"] if stays else [])] or [
        "no example shows it"
    ]
    cells = (
        f"[{kind}](events.md#{kind})",
        " ".join(of_type("Event")[kind][0].means.split()),
        ", ".join(statuses),
        "<br>".join(leads_to),
    )
    return f"| {' | '.join(cells)} |"


def follows(apply: Any, moves: list[Move]) -> str:
    ways = {f"{m.before} → {m.after}" for m in moves if m.cause == apply.__name__ and m.before != m.after}
    words = str(apply.__doc__ or apply.__name__).strip().split("\n")[0]
    return f"- {words}" + (f" ({', '.join(sorted(ways))})" if ways else "")


def drawing(moves: list[Move]) -> Iterator[str]:
    """All moves between statuses as one Mermaid diagram."""
    yield "stateDiagram-v2"
    yield "  [*] --> Pending"
    edges: dict[tuple[str, str], list[str]] = {}
    for move in moves:
        if move.before != move.after:
            edges.setdefault((move.before, move.after), []).append(move.cause)
    for (before, after), causes in edges.items():
        yield f"  {before} --> {after}: {', '.join(dict.fromkeys(causes))}"
    yield from (f"  {ended} --> [*]" for ended in ("Done", "Skipped", "Cancelled"))
