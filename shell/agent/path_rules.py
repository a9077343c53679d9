"""Which of the changed paths an agent was not allowed to change: outside its scope, or protected."""

import re
from collections.abc import Iterable


def outside(paths: Iterable[str], scope: Iterable[str]) -> list[str]:
    """The paths that no entry of the scope covers; an empty scope covers everything."""
    entries = [_pattern(entry, anywhere=False) for entry in scope]
    return [path for path in paths if not any(entry.match(path) for entry in entries)] if entries else []


def protected(paths: Iterable[str], guarded: Iterable[str]) -> list[str]:
    """The paths that a protected entry covers, ignoring case."""
    entries = [_pattern(entry, anywhere=True) for entry in guarded]
    return [path for path in paths if any(entry.match(path) for entry in entries)]


def _pattern(entry: str, *, anywhere: bool) -> re.Pattern[str]:
    """An entry names a file, a folder with all below it, or a glob (`**` crosses folders) of either.

    A protected entry without a slash holds in every folder, as in .gitignore; so does a scope's glob.
    """
    rooted = entry.startswith("/")
    name = entry.removeprefix("./").strip("/")
    loose = "/" not in name and not rooted and (anywhere or any(sign in name for sign in "*?["))
    start = "(?:.*/)?" if loose else ""
    return re.compile(f"{start}{_regex(name)}(?:/.*)?\\Z", re.DOTALL | (re.IGNORECASE if anywhere else 0))


_PIECES = re.compile(r"/\*\*(?=/|$)|^\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", re.DOTALL)


def _regex(glob: str) -> str:
    if glob in ("", ".", "**"):
        return ".*"
    return "".join(_piece(piece) for piece in _PIECES.findall(glob))


def _piece(piece: str) -> str:
    known = {"/**": "(?:/.*)?", "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if piece in known:
        return known[piece]
    if len(piece) > 1:
        inner = piece[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(piece)
