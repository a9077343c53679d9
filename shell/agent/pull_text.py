"""The text of a pull request that a run opens: what was done, how it was verified, and what it cost."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shell.agent.own_framework import name_of
from shell.neutralize import as_code, as_text

if TYPE_CHECKING:
    from stages.world import Cost, Verification

_MOST_LINES = 20
_LONGEST = 400
_MARK = "\n\n<!-- caloron:"
_SIGNS = {
    "passed": "✅ passed",
    "failed": "❌ failed",
    "timeout": "❌ took too long",
    "missing": "⚠️ not installed",
}


def pull_text(
    spec: Mapping[str, Any], notes: object, verification: "Sequence[Verification]", cost: "Cost"
) -> str:
    """`notes` are the agent's own words; the hidden marker stays the last line."""
    body, mark, rest = str(spec["pr_body"]).partition(_MARK)
    parts = [body, _done(notes), _verified(spec, verification), _used(spec, cost)]
    return "\n\n".join(filter(None, parts)) + mark + rest


def _done(notes: object) -> str:
    lines = [as_text(line, _LONGEST) for line in notes.splitlines()] if isinstance(notes, str) else []
    shown = [f"> {line}" for line in lines if line][:_MOST_LINES]
    return "\n".join(["**What the agent says**", "", *shown]) if shown else ""


def _verified(spec: Mapping[str, Any], found: "Sequence[Verification]") -> str:
    """Of which run it is: the text is written once, and later runs change what it is about."""
    rows = [
        f"| {as_code(one['name'])} | {_SIGNS[one['outcome']]} | {one['seconds']:.0f} s |" for one in found
    ]
    title = f"**Verification** of run {spec['attempt']}, on a clean checkout"
    head = [title, "", "| command | result | took |", "|---|---|---|"]
    return "\n".join([*head, *rows]) if rows else ""


def _used(spec: Mapping[str, Any], cost: "Cost") -> str:
    """By what it was made, in which run, for how much."""
    with_model = f" with {as_code(spec['model'])}" if spec.get("model") else ""
    tokens, dollars = cost.get("tokens"), cost.get("usd")
    seconds = cost.get("seconds", 0.0)
    used = [f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.1f} min"]
    used += [f"{tokens:,} tokens".replace(",", " ")] if tokens else []
    used += [f"${dollars:.2f}"] if dollars else []
    who = f"Made by {as_code(name_of(spec))}{with_model}"
    return f"{who} in run {spec['attempt']}: {', '.join(used)}. `/log` here shows what it did."
