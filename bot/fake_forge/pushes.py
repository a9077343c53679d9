"""What follows when a branch moves: push events, pull requests updated, issues closed by keywords."""

from __future__ import annotations

import fnmatch
import json
import re
import time
from typing import Any

from bot.fake_forge import git
from bot.fake_forge.issues import note, set_state
from bot.fake_forge.state import Activity, Issue, Problem, Pull, Repository, User
from bot.fake_forge.world import ForgeEvent, World

CLOSING = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:(?P<repo>[\w.-]+/[\w.-]+))?#(?P<number>\d+)\b",
    re.IGNORECASE,
)


def moved(world: World, repository: Repository, actor: User, ref: str, old: str, new: str) -> None:
    """Tell of a ref that git has already moved, and carry the pull requests along."""
    repository.updated = time.time()
    kind, _, name = ref.removeprefix("refs/").partition("/")
    if kind not in ("heads", "tags"):
        return
    more = {
        "ref": ref,
        "name": name,
        "type": "branch" if kind == "heads" else "tag",
        "before": old,
        "after": new,
    }
    if kind == "heads" and new != git.ZERO:
        repository.pushed[name] = time.time()
    if old == git.ZERO:
        world.emit(ForgeEvent("created", repository, actor, more=more))
    world.emit(
        ForgeEvent("push", repository, actor, more=more | {"commits": _commits(repository, name, old, new)})
    )
    if new == git.ZERO:
        world.emit(ForgeEvent("deleted", repository, actor, more=more))
    if kind == "heads":
        forced = git.ZERO not in (old, new) and not git.is_ancestor(repository.folder, old, new)
        entry = Activity(world.state.next_id("activity"), actor, ref, old, new, forced)
        repository.activity.append(entry)
        _carry_pulls(world, repository, actor, name, new)
        if name == repository.default_branch and new != git.ZERO and old != git.ZERO:
            for commit in git.commits(repository.folder, f"{old}..{new}", files=False):
                close_by_words(world, repository, actor, commit.message, commit.sha)


def _commits(repository: Repository, name: str, old: str, new: str) -> list[git.Commit]:
    if new == git.ZERO:
        return []
    if old != git.ZERO:
        return git.commits(repository.folder, f"{old}..{new}")
    base = git.branch(repository.folder, repository.default_branch)
    if base is None or name == repository.default_branch:
        return git.commits(repository.folder, new)
    return git.commits(repository.folder, f"{base}..{new}")


def _carry_pulls(world: World, repository: Repository, actor: User, name: str, new: str) -> None:
    for issue in repository.pulls():
        pull = issue.pull
        if pull is None or pull.merged or name not in (pull.head, pull.base):
            continue
        if new == git.ZERO:
            if issue.state == "open":
                set_state(world, issue, actor, "closed")
        elif pull.head == name:
            if issue.state == "open":
                _synchronize(world, repository, actor, issue, pull, new)
        else:
            pull.base_sha = new
            pull.checking_until = time.time() + world.faults.checking


def _synchronize(
    world: World, repository: Repository, actor: User, issue: Issue, pull: Pull, new: str
) -> None:
    before, pull.head_sha = pull.head_sha, new
    if before == new:
        return
    git.set_ref(repository.folder, f"refs/pull/{issue.number}/head", new)
    pull.checking_until = time.time() + world.faults.checking
    for review in pull.reviews:
        review.stale = review.commit != new
    note(world, issue, "pull_push", actor, text=_pushed(repository, pull, before, new))
    world.emit(ForgeEvent("synchronized", repository, actor, issue, more={"before": before, "after": new}))


def _pushed(repository: Repository, pull: Pull, before: str, new: str) -> str:
    """What Gitea keeps of a push: its commits that the base lacks; of a forced one, both heads."""
    forced = not git.is_ancestor(repository.folder, before, new)
    span = (f"{before}..{new}", f"^refs/heads/{pull.base}")
    found = [] if forced else git.commits(repository.folder, *span, limit=1000, files=False)
    commits = [before, new] if forced else [one.sha for one in reversed(found)]
    return json.dumps({"is_force_push": forced, "commit_ids": commits})


def closing_numbers(repository: Repository, text: str) -> list[int]:
    """The issues of this repository that a text promises to close."""
    mine = repository.full_name.lower()
    found = [m["number"] for m in CLOSING.finditer(text) if (m["repo"] or mine).lower() == mine]
    return list(dict.fromkeys(map(int, found)))


def close_by_words(world: World, repository: Repository, actor: User, text: str, commit: str) -> None:
    for number in closing_numbers(repository, text):
        issue = repository.issues.get(number)
        if issue and not issue.pull and issue.state == "open":
            set_state(world, issue, actor, "closed", commit)


def create_branch(world: World, repository: Repository, actor: User, name: str, start: str) -> str:
    sha = git.resolve(repository.folder, start)
    if sha is None:
        raise Problem(404, "The old branch does not exist")
    if git.branch(repository.folder, name):
        raise Problem(409, "The branch already exists.")
    if not git.set_ref(repository.folder, f"refs/heads/{name}", sha):
        raise Problem(409, "The branch with the same tag already exists.")
    moved(world, repository, actor, f"refs/heads/{name}", git.ZERO, sha)
    return sha


def delete_branch(world: World, repository: Repository, actor: User, name: str) -> None:
    sha = git.branch(repository.folder, name)
    if sha is None:
        raise Problem(404, f"branch does not exist [name: {name}]")
    if name == repository.default_branch:
        raise Problem(403, "can not delete default or pull request target branch")
    if protection_of(repository, name):
        raise Problem(403, "branch protected")
    git.set_ref(repository.folder, f"refs/heads/{name}", git.ZERO)
    moved(world, repository, actor, f"refs/heads/{name}", sha, git.ZERO)


def rename_branch(world: World, repository: Repository, actor: User, name: str, new: str) -> str:
    """Give a branch another name; open pull requests, its protection and the default branch follow."""
    sha = git.branch(repository.folder, name)
    if sha is None:
        raise Problem(404, f"branch does not exist [name: {name}]")
    if git.branch(repository.folder, new):
        raise Problem(422, f"branch already exists [name: {new}]")
    git.set_ref(repository.folder, f"refs/heads/{new}", sha)
    git.set_ref(repository.folder, f"refs/heads/{name}", git.ZERO)
    if repository.default_branch == name:
        repository.default_branch = new
    if name in repository.protections:
        repository.protections[new] = repository.protections.pop(name)
    for issue in repository.pulls():
        if issue.pull and issue.pull.base == name and issue.state == "open":
            issue.pull.base = new
    moved(world, repository, actor, f"refs/heads/{name}", sha, git.ZERO)
    moved(world, repository, actor, f"refs/heads/{new}", git.ZERO, sha)
    return sha


def commit_files(
    world: World,
    repository: Repository,
    actor: User,
    branch: str,
    files: dict[str, str | bytes | None],
    message: str,
    new_branch: str | None = None,
) -> str:
    """Commit onto a branch (or a new one that starts there) and emit the same events as any push."""
    start = git.branch(repository.folder, branch)
    target = new_branch or branch
    if target != branch and git.branch(repository.folder, target):
        raise Problem(409, "The branch already exists.")
    if start is None and git.branches(repository.folder):
        raise Problem(404, f"branch does not exist [name: {branch}]")
    sha = git.commit_files(repository.folder, target, files, message, actor.login, start)
    old = start if target == branch and start else git.ZERO
    moved(world, repository, actor, f"refs/heads/{target}", old, sha)
    return sha


def protection_of(repository: Repository, branch: str) -> dict[str, Any] | None:
    """The rule that protects a branch, by name or pattern."""
    for name, rule in repository.protections.items():
        if fnmatch.fnmatchcase(branch, name):
            return rule
    return None
