"""Where git stores a file otherwise than it stands in a folder: line ends, filters, LFS, names."""

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from shell.agent.git import Git, as_records

_NONE = ("unspecified", "unset")
_LFS = "lfs"
_UNDER_LFS = "It changed files that Git LFS stores, which only people can do: {0}."
_FILTERED = (
    "It changed files that git stores through the filter `{0}`, which is not set up here, so they would be "
    "pushed readable: {1}."
)


def _attributes(
    git: Git, paths: Collection[str], where: Mapping[str, str], *names: str
) -> dict[str, list[str]]:
    """Path → the values of these attributes of it, by what our index has, not what an agent left ignored."""
    if not paths:
        return {}
    asked = ("check-attr", "--cached", "-z", "--stdin", *names)
    found = git.run(*asked, stdin=as_records(sorted(paths)), extra=where, timeout=900).records
    values = iter(found[2::3])
    return {path: [next(values) for _ in names] for path in found[:: 3 * len(names)]}


def keep_line_ends(
    git: Git, folder: Path, where: dict[str, str], before: Mapping[str, str], paths: Collection[str]
) -> None:
    """Store these changed files as they stand, where their old content, by path, has line ends of Windows.

    Git would convert the whole file by its attributes, also the lines that nobody changed.
    """
    converted = [
        path for path, values in _attributes(git, paths, where, "text", "eol").items() if _converts(*values)
    ]
    windows = {blob for blob, pieces in git.contents(before[path] for path in converted) if _has_crlf(pieces)}
    for path in converted:
        if before[path] in windows and stat.S_ISREG(kind := (folder / path).lstat().st_mode):
            blob = git.run("hash-object", "-w", "--no-filters", "--", str(folder / path), extra=where).text
            mode = "100755" if kind & stat.S_IXUSR else "100644"
            git.run("update-index", "--cacheinfo", f"{mode},{blob},{path}", extra=where)


def _converts(text: str, eol: str) -> bool:
    return text not in _NONE or (text == "unspecified" and eol not in _NONE)


def _has_crlf(pieces: Iterable[bytes]) -> bool:
    last = b""
    for piece in pieces:
        if b"\r\n" in last + piece:
            return True
        last = piece[-1:]
    return False


def refusals(
    git: Git,
    there: Collection[str],
    added: Collection[str],
    all_paths: Collection[str],
    where: Mapping[str, str],
) -> list[str]:
    """Why some of the changed paths cannot be stored as they are, or not be had everywhere, in sentences."""
    said = [
        _UNDER_LFS.format(listed(paths)) if name == _LFS else _FILTERED.format(name, listed(paths))
        for name, paths in sorted(_behind_filters(git, there, where).items())
    ]
    if same := _colliding(added, all_paths):
        said.append(f"It added files whose names differ from others only in case: {listed(same)}.")
    if odd := _no_text(added):
        said.append(f"It added files whose names are not UTF-8: {listed(odd)}.")
    return said


def listed(paths: Sequence[str]) -> str:
    """The first ten of these paths, and how many more there are."""
    more = f" and {len(paths) - 10} more" if len(paths) > 10 else ""
    return ", ".join(paths[:10]) + more


def _behind_filters(git: Git, paths: Collection[str], where: Mapping[str, str]) -> dict[str, list[str]]:
    """Filter → those of the paths that git stores through it; none is set up where the shell runs git."""
    found: dict[str, list[str]] = {}
    for path, [name] in _attributes(git, paths, where, "filter").items():
        if name not in _NONE:
            found.setdefault(name, []).append(path)
    return found


def _colliding(added: Collection[str], all_paths: Collection[str]) -> list[str]:
    """Those of the added paths that bring a name, a folder's too, which another has but for its case."""
    if not added:
        return []
    new = set(added)
    before = {name for path in all_paths if path not in new for name in _with_folders(path)}
    spelled: dict[str, set[str]] = {}
    for path in all_paths:
        for name in _with_folders(path):
            spelled.setdefault(name.casefold(), set()).add(name)
    return [
        path
        for path in sorted(added)
        if any(name not in before and len(spelled[name.casefold()]) > 1 for name in _with_folders(path))
    ]


def _with_folders(path: str) -> Iterator[str]:
    """The path and those of the folders it is in."""
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts) + 1))


def _no_text(paths: Collection[str]) -> list[str]:
    """Those whose names are no UTF-8, shown with their other bytes escaped."""
    odd = [path for path in sorted(paths) if any("\udc80" <= letter <= "\udcff" for letter in path)]
    return [os.fsencode(path).decode(errors="backslashreplace") for path in odd]
