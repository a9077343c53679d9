"""The hidden marker in what we write: kind, key, sprint and task, so that a second try finds the first."""

import re
from urllib.parse import quote, unquote

_MARK = re.compile(r"<!-- caloron:([a-z0-9_-]+)((?: [a-z_]+=[^\s>]*)*) -->")
_PLAIN = "/:@#+,;~!$()*"  # readable in a marker; the one sign that could end its comment is `>`


def mark(kind: str, key: str, sprint: str = "", task: str = "") -> str:
    """The marker as one line; spaces and `>` in a value are percent-encoded, for they would end it."""
    fields = {"key": key, "sprint": sprint, "task": task}
    said = "".join(f" {name}={_quoted(value)}" for name, value in fields.items() if value)
    return f"<!-- caloron:{kind}{said} -->"


def marked(text: str, line: str) -> str:
    """The text with the marker as its last line, once."""
    return text if line in text else f"{text.rstrip()}\n\n{line}".lstrip("\n")


def read_marks(text: str) -> list[dict[str, str]]:
    """Every marker of a text in order, as `{kind, key, sprint, task}`; absent fields are empty."""
    return [_read(kind, fields) for kind, fields in _MARK.findall(text or "")]


def _quoted(value: str) -> str:
    return quote(value, safe=_PLAIN)


def _read(kind: str, fields: str) -> dict[str, str]:
    said = dict(field.split("=", 1) for field in fields.split())
    found = {name: unquote(said.get(name, "")) for name in ("key", "sprint", "task")}
    return {"kind": kind, **found}
