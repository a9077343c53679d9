"""The hidden marker in what we write: kind, key, sprint and task, so that a second try finds the first."""

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

_MARK = re.compile(r"<!-- caloron:([a-z0-9_-]+)((?: [a-z_]+=[^\s>]*)*) -->")
_PLAIN = "/:@#+,;~!$()*"  # readable in a marker; the one sign that could end its comment is `>`

LONGEST = 60_000
"""Signs of one text; GitHub takes 65,536."""
_CUT = "… the rest is left out: this text is too long for one comment."


LOCK = ("installation", "locked_at", "held", "took")
"""What a board's marker says of the repository's lock: docs/decisions/0025."""


def mark(
    kind: str,
    key: str,
    sprint: str = "",
    task: str = "",
    text: str = "",
    lock: Mapping[str, str] | None = None,
) -> str:
    """The marker as one line; spaces and `>` in a value are percent-encoded, for they would end it.

    `text` is the hash of what stands above it, where we must know whether someone changed it; `lock` has
    fields of LOCK.
    """
    fields = {"key": key, "sprint": sprint, "task": task, **(lock or {}), "text": text}
    listed = "".join(f" {name}={_quoted(value)}" for name, value in fields.items() if value)
    return f"<!-- caloron:{kind}{listed} -->"


def marked(text: str, line: str) -> str:
    """The text, cut where it is too long, with the marker as its last line, once."""
    text = text.rstrip()
    return text if text.endswith(line) else f"{shortened(text)}\n\n{line}".lstrip("\n")


def text_hash(text: str) -> str:
    """Of what a reader sees above the marker, as a forge gives it back."""
    return hashlib.sha256(shortened(text.rstrip()).encode()).hexdigest()[:16]


def shortened(text: str) -> str:
    """As much of the text as a forge takes in one comment; a code block that is cut is ended."""
    if len(text) <= LONGEST:
        return text
    cut = text[:LONGEST].rpartition("\n")[0] or text[:LONGEST]
    fences = sum(line.lstrip().startswith("```") for line in cut.splitlines())
    return f"{cut}\n" + ("```\n" if fences % 2 else "") + f"\n{_CUT}"


def read_marks(text: str) -> list[dict[str, str]]:
    """Every marker of a text in order, as `{kind, key, sprint, task}`; absent fields are empty."""
    return [_read(kind, fields) for kind, fields in _MARK.findall(text or "")]


def own_mark(text: str) -> dict[str, str] | None:
    """The marker at the very end, where we put ours; one further up was quoted from someone."""
    found = list(_MARK.finditer(text or ""))
    return _read(*found[-1].groups()) if found and not text[found[-1].end() :].strip() else None


def lock_in(text: str) -> dict[str, str]:
    """What the marker at the very end says of the lock; absent fields are empty."""
    found = list(_MARK.finditer(text or ""))
    last = found[-1] if found and not text[found[-1].end() :].strip() else None
    values = _values(last[2]) if last else {}
    return {name: unquote(values.get(name, "")) for name in LOCK}


def _quoted(value: str) -> str:
    return quote(value, safe=_PLAIN)


def _read(kind: str, fields: str) -> dict[str, str]:
    values = _values(fields)
    found = {name: unquote(values.get(name, "")) for name in ("key", "sprint", "task")}
    return {"kind": kind, **found}


def _values(fields: str) -> dict[str, str]:
    return dict(field.split("=", 1) for field in fields.split())
