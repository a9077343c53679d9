"""The bare git repositories on disk: what the forge reads from them and writes into them."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ZERO = "0" * 40
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "HOME": "/nonexistent",
    "LC_ALL": "C",
}
# A push to a protected branch is refused by the repository itself; the server names those branches per push.
PRE_RECEIVE = """#!/bin/sh
[ -z "$FAKE_FORGE_PROTECTED" ] && exit 0
while read -r old new ref; do
  case " $FAKE_FORGE_PROTECTED " in
    *" $ref "*) echo "Not allowed to push to protected branch ${ref#refs/heads/}" >&2; exit 1 ;;
  esac
done
"""


@dataclass
class Commit:
    sha: str
    parents: list[str]
    author: str
    email: str
    date: str
    message: str
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    committer_email: str = ""


class GitError(Exception):
    """A git command that failed, with its message."""


def git(folder: Path, *arguments: str, stdin: bytes | None = None, good: tuple[int, ...] = (0,)) -> bytes:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, input=stdin, capture_output=True, env=ENVIRONMENT, check=False
    )
    if done.returncode not in good:
        raise GitError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def create(folder: Path, default_branch: str) -> None:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "--template=", f"--initial-branch={default_branch}", ".")
    with (folder / "config").open("a") as config:
        config.write("[gc]\n\tauto = 0\n[http]\n\treceivepack = true\n[receive]\n\tautogc = false\n")
        config.write("[uploadpack]\n\tallowAnySHA1InWant = true\n\tallowFilter = true\n")
    hook = folder / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(PRE_RECEIVE)
    hook.chmod(0o755)


def read_ref(folder: Path, ref: str) -> str | None:
    """The commit that a full ref name points at, read without starting a process."""
    try:
        return (folder / ref).read_text().strip() or None
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return dict(_packed(folder)).get(ref)


def _packed(folder: Path) -> Iterator[tuple[str, str]]:
    packed = folder / "packed-refs"
    if packed.exists():
        for line in packed.read_text().splitlines():
            if line[:1] not in ("#", "^"):
                sha, _, ref = line.partition(" ")
                yield ref, sha


def branches(folder: Path) -> dict[str, str]:
    """Every branch and its head."""
    place = folder / "refs" / "heads"
    found = {
        ref.removeprefix("refs/heads/"): sha for ref, sha in _packed(folder) if ref.startswith("refs/heads/")
    }
    for path in place.rglob("*"):
        if path.is_file() and not path.name.endswith(".lock"):
            found[str(path.relative_to(place))] = path.read_text().strip()
    return dict(sorted(found.items()))


def is_empty(folder: Path) -> bool:
    """Whether nothing was pushed yet."""
    return not (folder / "packed-refs").exists() and not any((folder / "refs" / "heads").iterdir())


def branch(folder: Path, name: str) -> str | None:
    return read_ref(folder, f"refs/heads/{name}")


def resolve(folder: Path, name: str) -> str | None:
    """A branch, tag, full ref or (short) commit id as a commit id."""
    for ref in (f"refs/heads/{name}", f"refs/tags/{name}", name if name.startswith("refs/") else ""):
        if ref and (sha := read_ref(folder, ref)):
            return sha
    found = (
        git(folder, "rev-parse", "-q", "--verify", f"{name}^{{commit}}", good=(0, 1, 128)).decode().strip()
    )
    return found or None


def set_ref(folder: Path, ref: str, new: str, old: str | None = None) -> bool:
    """Move a ref, only from `old` if that is set; `ZERO` as new deletes it."""
    line = f"update {ref} {new}" if new != ZERO else f"delete {ref}"
    try:
        git(folder, "update-ref", "--stdin", stdin=f"{line}{' ' + old if old else ''}\n".encode())
    except GitError:
        return False
    return True


def _person(name: str) -> bytes:
    return f"{name} <{name}@noreply.example.test>".encode()


def commit_files(
    folder: Path,
    name: str,
    files: dict[str, str | bytes | None],
    message: str,
    author: str,
    parent: str | None = None,
) -> str:
    """Commit texts (None deletes) onto a branch, in one process; returns the new commit's id."""
    data = message.encode()
    lines = [
        b"commit refs/heads/%s\n" % name.encode(),
        b"committer %s now\n" % _person(author),
        b"data %d\n%s\n" % (len(data), data),
    ]
    if parent:
        lines.append(b"from %s\n" % parent.encode())
    for path, content in files.items():
        if content is None:
            lines.append(b"D %s\n" % path.encode())
            continue
        raw = content.encode() if isinstance(content, str) else content
        lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(raw), raw))
    git(folder, "fast-import", "--quiet", "--date-format=now", stdin=b"".join(lines))
    sha = branch(folder, name)
    if sha is None:
        raise GitError(f"no commit on {name}")
    return sha


def merge_tree(folder: Path, ours: str, theirs: str) -> str | None:
    """The tree of both together, or None when they conflict."""
    out = git(folder, "merge-tree", "--write-tree", "--no-messages", ours, theirs, good=(0, 1)).decode()
    tree, _, conflicts = out.partition("\n")
    return tree if not conflicts.strip() else None


def commit_tree(folder: Path, tree: str, parents: list[str], message: str, author: str) -> str:
    who = {"name": author, "email": f"{author}@noreply.example.test"}
    settings = [part for key, value in who.items() for part in ("-c", f"user.{key}={value}")]
    heads = [part for parent in parents for part in ("-p", parent)]
    return git(folder, *settings, "commit-tree", tree, *heads, stdin=message.encode()).decode().strip()


def is_ancestor(folder: Path, older: str, newer: str) -> bool:
    if older == newer:
        return True
    found = git(folder, "rev-list", "-n1", older, f"^{newer}", "--").strip()
    return not found


@functools.lru_cache(maxsize=4096)
def merge_base(folder: Path, one: str, two: str) -> str:
    return git(folder, "merge-base", one, two, good=(0, 1)).decode().strip()


def commits(folder: Path, *selection: str, limit: int = 50, files: bool = True) -> list[Commit]:
    """Commits, the newest first."""
    mark = "%x01%H%x00%P%x00%an%x00%ae%x00%ce%x00%cI%x00%B%x02"
    shown = ["--name-status", "--no-renames"] if files else []
    out = git(folder, "log", f"-n{limit}", f"--format={mark}", *shown, *selection, "--").decode(
        errors="replace"
    )
    return [_commit(part) for part in out.split("\x01")[1:]]


def _commit(text: str) -> Commit:
    head, _, changed = text.partition("\x02")
    sha, parents, author, email, committer, date, message = head.split("\x00", 6)
    commit = Commit(sha, parents.split(), author, email, date, message.rstrip("\n") + "\n")
    commit.committer_email = committer
    places = {"A": commit.added, "D": commit.removed}
    for line in changed.strip().splitlines():
        letter, _, path = line.partition("\t")
        places.get(letter[:1], commit.modified).append(path)
    return commit


@functools.lru_cache(maxsize=256)
def read_file(folder: Path, commit: str, path: str) -> bytes | None:
    try:
        return git(folder, "cat-file", "blob", f"{commit}:{path}")
    except GitError:
        return None


def tree(
    folder: Path, commit: str, path: str = "", recursive: bool = False
) -> list[tuple[str, str, str, int]]:
    """Entries of a folder: (kind blob|tree, sha, full path, size)."""
    flags = ["-r", "-t"] if recursive else []
    place = [path.rstrip("/") + "/"] if path else []
    out = git(folder, "ls-tree", "-z", "-l", *flags, commit, *place, good=(0, 128)).decode(errors="replace")
    entries = []
    for line in filter(None, out.split("\0")):
        head, _, name = line.partition("\t")
        _mode, kind, sha, size = head.split()
        entries.append((kind, sha, name, 0 if size == "-" else int(size)))
    return entries


@functools.lru_cache(maxsize=1024)
def changed_files(folder: Path, base: str, head: str) -> list[tuple[str, int, int, str]]:
    """What a pull request changes: (path, added lines, removed lines, status)."""
    shown = git(folder, "diff", "--numstat", "--summary", "--no-renames", f"{base}...{head}")
    rows: dict[str, tuple[str, int, int, str]] = {}
    for line in shown.decode(errors="replace").splitlines():
        if line[:1] != " ":
            plus, minus, path = line.split("\t", 2)
            rows[path] = (path, int(plus.replace("-", "0")), int(minus.replace("-", "0")), "modified")
            continue
        word, _, _, path = line.strip().split(" ", 3)
        if path in rows and word in ("create", "delete"):
            rows[path] = (*rows[path][:3], "added" if word == "create" else "removed")
    return list(rows.values())


def diff(folder: Path, base: str, head: str) -> bytes:
    return git(folder, "diff", f"{base}...{head}")
