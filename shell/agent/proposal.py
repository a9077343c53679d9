"""What a pull request would bring into its base, as git itself shows it in the shell's own repository."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shell.agent.path_rules import holds_protected, protected
from shell.agent.repository import Repository
from shell.agent.tree import Change, changes

_LINK, _SUBMODULE = "120000", "160000"
_MOST_UPDATES = 50
"""More updates from the base in a row than this count as work of someone's."""


@dataclass(frozen=True)
class Proposal:
    """`base..head`, and what is special about it."""

    commits: tuple[str, ...]
    """All commits that the base does not have."""
    updates: frozenset[str]
    """Of those, the ones that only merge the base in, exactly as git merges it without conflict."""
    kept: tuple[str, ...]
    """The head, and the older heads that differ from it by such merges alone."""
    guarded: tuple[str, ...]
    """The protected paths that it changes."""
    links: tuple[str, ...]
    """The links and submodules that it changes and that lead out of the tree."""
    behind: bool
    """Whether it lacks commits of the base."""


def look_at(repository: Repository, base: str, head: str, more_protected: Sequence[str]) -> Proposal:
    """Both commits must have been fetched. GitError if they have no common history."""
    found, commits = _changes(repository, base, head), _commits(repository, head, base)
    return Proposal(
        commits=tuple(commits),
        updates=frozenset(_updates(repository, base, commits)),
        kept=tuple(kept_heads(repository, base, head)),
        guarded=tuple(_guarded(found, more_protected)),
        links=tuple(_leaving(repository, head, found)),
        behind=not repository.contains(head, base),
    )


def kept_heads(repository: Repository, base: str, head: str) -> list[str]:
    """The head, and the older heads that differ from it only by the base merged in, the newest first."""
    heads = [head]
    while len(heads) <= _MOST_UPDATES and (before := _updated(repository, base, heads[-1])):
        heads.append(before)
    return heads


def brought(repository: Repository, base: str, push: Mapping[str, Any]) -> list[str]:
    """The commits that a push is known to have brought: as the forge names them, or between its two heads."""
    if not push["after"] or not repository.has(push["after"]):
        return list(push["commits"])
    before = [push["before"]] if push["before"] and repository.has(push["before"]) else []
    return _commits(repository, push["after"], base, *before)


def _commits(repository: Repository, head: str, *without: str) -> list[str]:
    return repository.git.run("rev-list", head, *(f"^{commit}" for commit in without)).text.split()


def _parents(repository: Repository, commit: str) -> list[str]:
    return repository.git.run("rev-list", "--parents", "-n1", commit).text.split()[1:]


def _updates(repository: Repository, base: str, commits: Sequence[str]) -> list[str]:
    found: list[str] = []
    for commit in commits:
        if len(found) < _MOST_UPDATES and _updated(repository, base, commit):
            found.append(commit)
    return found


def _updated(repository: Repository, base: str, commit: str) -> str | None:
    """The first parent of a commit that only merges one of the base in; None of any other commit."""
    parents = _parents(repository, commit)
    if len(parents) != 2 or not repository.contains(base, parents[1]):
        return None
    tree, conflicts = repository.merge(*parents)
    return parents[0] if not conflicts and tree == repository.tree_of(commit) else None


def _changes(repository: Repository, base: str, head: str) -> list[Change]:
    """Against the commit where it left the base, and against what merging it would make of the base."""
    found = {change.path: change for change in changes(repository.git, repository.fork(base, head), head)}
    merged, conflicts = repository.merge(base, head)
    if not conflicts:
        found = {change.path: change for change in changes(repository.git, base, merged)} | found
    return [found[path] for path in sorted(found)]


def _guarded(found: list[Change], more: Sequence[str]) -> Iterator[str]:
    hit = set(protected([change.path for change in found], more))
    for change in found:
        link = change.mode in (_LINK, _SUBMODULE)
        if change.path in hit or (link and holds_protected(change.path, more)):
            yield change.path


def _leaving(repository: Repository, head: str, found: list[Change]) -> Iterator[str]:
    for change in found:
        if change.mode == _SUBMODULE:
            yield change.path
        elif change.mode == _LINK:
            target = repository.blob(head, change.path)
            if target is None or leads_out(change.path, target):
                yield change.path


def leads_out(path: str, target: str) -> bool:
    """Whether a link at this path, with this target, may lead out of the tree or into git's own data.

    A `..` behind a name counts as leading out: that name may be a link itself.
    """
    parts = [part for part in target.replace("\\", "/").split("/") if part not in ("", ".")]
    up = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    absolute = target.startswith(("/", "\\", "~")) or target[1:2] == ":"
    return absolute or up > path.count("/") or any(part.casefold() in ("..", ".git") for part in parts[up:])
