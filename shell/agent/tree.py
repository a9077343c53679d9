"""Between a folder and a git tree: writes one from the other, trusting no `.git` in the folder."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shell.agent.git import Git, GitError, as_records
from shell.agent.stored import keep_line_ends, refusals

_SUBMODULE = "160000"


@dataclass(frozen=True)
class Change:
    """One path that differs between two trees."""

    path: str
    kind: str  # A added, M modified, D deleted, T of another type
    mode: str  # what it is now: 100644, 100755, 120000, 160000, 000000 when gone
    blob: str = ""  # the object that holds it now


def _around(folder: Path, index: Path) -> dict[str, str]:
    return {"GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": str(index)}


def write_tree_to_folder(git: Git, tree: str, folder: Path, index: Path) -> None:
    """Write the files of `tree` into the empty folder and remember them in our index."""
    where = _around(folder, index)
    git.run("read-tree", tree, extra=where)
    git.run("checkout-index", "--all", "--force", "--index", "--quiet", extra=where, timeout=900)


def final_tree(git: Git, folder: Path, index: Path) -> str:
    """The tree of the files now in the folder; git data and ignored files left out, submodules as before."""
    where = _around(folder, index)
    gone, fresh, kept = _sorted_out(git, folder, where)
    before = _blobs_in(git, where)
    if gone:
        git.run("update-index", "-z", "--force-remove", "--stdin", stdin=as_records(gone), extra=where)
    if tracked := sorted(fresh | kept):
        options = ("-z", "--add", "--replace", "--stdin")
        git.run("update-index", *options, stdin=as_records(tracked), extra=where, timeout=900)
    now = _blobs_in(git, where)
    changed = [path for path in before.keys() & now.keys() if now[path] != before[path]]
    keep_line_ends(git, folder, where, before, changed)
    return git.run("write-tree", extra=where).text


def cannot_be_stored(git: Git, found: list[Change], folder: Path, index: Path) -> str | None:
    """Why these changes, which `final_tree` found in the folder, may not be proposed; None where they may."""
    where = _around(folder, index)
    there = [change.path for change in found if change.kind != "D"]
    added = [change.path for change in found if change.kind == "A"]
    return " ".join(refusals(git, there, added, _indexed(git, where), where)) or None


def put_back(git: Git, tree: str, folder: Path, index: Path) -> None:
    """Undo what was written into the folder since `tree` was made of it; ignored files stay."""
    where = _around(folder, index)
    _open_folders(folder)
    found = changes(git, tree, final_tree(git, folder, index))
    if not found:  # what `final_tree` put into our index is `tree`
        return
    for change in found:
        if change.kind == "A":
            (folder / change.path).unlink()
    git.run("read-tree", tree, extra=where)
    others = as_records([change.path for change in found if change.kind != "A"])
    git.run("checkout-index", "--force", "--index", "-z", "--stdin", stdin=others, extra=where)
    git.run("update-index", "-q", "--refresh", extra=where, allowed=(0, 1), timeout=900)


def _open_folders(folder: Path) -> None:
    """Let their owner read and write the folders that a command closed; links are not followed."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            inner = os.path.join(place, name)
            try:
                mode = os.lstat(inner).st_mode
            except OSError as error:
                raise GitError(f"the folder {name} cannot be read: {error.strerror}") from None
            if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
                os.chmod(inner, stat.S_IMODE(mode) | stat.S_IRWXU)


def changed_bytes(git: Git, folder: Path, index: Path) -> int:
    """The size of the files that `final_tree` would write, before it writes them."""
    where = _around(folder, index)
    _, fresh, kept = _sorted_out(git, folder, where)
    modified = set(git.run("diff-files", "-z", "--name-only", extra=where, timeout=900).records) & kept
    return sum((folder / path).lstat().st_size for path in fresh | modified)


def _sorted_out(git: Git, folder: Path, where: dict[str, str]) -> tuple[set[str], set[str], set[str]]:
    """The paths that our index knows and that are gone, those that are new, those still there."""
    if folder.is_symlink() or not folder.is_dir():
        raise GitError("the agent removed its working folder")
    known = _indexed(git, where)
    submodules = {path for path, (mode, _) in known.items() if mode == _SUBMODULE}
    files = set(_files(folder, submodules))
    fresh = files - known.keys()
    return known.keys() - submodules - files, fresh - _ignored(git, fresh, where), files & known.keys()


def changes(git: Git, before: str, after: str) -> list[Change]:
    """What differs between two trees, by path; a renamed file is one gone and one added."""
    if before == after:
        return []
    raw = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after).records
    found = [
        Change(path, _word(head, 4)[:1], _word(head, 1), _word(head, 3))
        for head, path in zip(raw[::2], raw[1::2], strict=True)
    ]
    return sorted(found, key=lambda change: change.path)


def _word(head: str, number: int) -> str:
    return head.split(" ")[number]


def _indexed(git: Git, where: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Path → mode and object of all that our index knows."""
    rows = (entry.partition("\t") for entry in git.run("ls-files", "-z", "--stage", extra=where).records)
    return {path: (_word(about, 0), _word(about, 1)) for about, _, path in rows}


def _blobs_in(git: Git, where: dict[str, str]) -> dict[str, str]:
    """Path → object of the files, links and submodules left out."""
    return {path: blob for path, (mode, blob) in _indexed(git, where).items() if mode.startswith("100")}


def ignored(git: Git, paths: set[str], folder: Path, index: Path) -> set[str]:
    """Which of these paths in the folder git ignores; a folder's ends with a slash."""
    return _ignored(git, paths, _around(folder, index))


def all_ignored(git: Git, folder: Path, index: Path) -> list[str]:
    """All that git ignores in the folder; of a folder whose files are all ignored its own path alone."""
    asked = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    found = git.run(*asked, extra=_around(folder, index), timeout=900).records
    return [path.rstrip("/") for path in found if ".git" not in path.lower().split("/")]


def blobs(git: Git, tree: str) -> list[tuple[str, str]]:
    """The path and object of each file of a tree or commit."""
    listed = (entry.partition("\t") for entry in git.run("ls-tree", "-r", "-z", tree).records)
    return [(path, about.split(" ")[2]) for about, _, path in listed]


def _ignored(git: Git, paths: set[str], where: dict[str, str]) -> set[str]:
    if not paths:
        return set()
    asked = ("check-ignore", "-z", "--stdin", "--no-index")
    given = as_records([f"./{path}" for path in sorted(paths)])  # a name may begin as git's own patterns do
    found = git.run(*asked, stdin=given, extra=where, allowed=(0, 1)).records
    return {path.removeprefix("./") for path in found}


def _files(folder: Path, submodules: set[str]) -> Iterator[str]:
    """Every regular file and symlink below the folder; links are not followed, `.git` is passed by."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        for entry in _entries(folder, inside):
            path = inside + entry.name
            if entry.name.lower() == ".git" or path in submodules:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path + "/")
            elif entry.is_symlink() or stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                yield path


def _entries(folder: Path, inside: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder / inside) as entries:
            return list(entries)
    except OSError as error:
        raise GitError(f"the folder {inside or '.'} cannot be read: {error.strerror}") from None
