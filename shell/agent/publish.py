"""Brings a checked tree to the forge: one commit on the branch, never over what someone else pushed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shell.agent.git import GitError
from shell.agent.outcome import AttemptEnded
from shell.agent.repository import Repository
from shell.agent.retry import with_retries
from shell.agent.start import Start

_TRIES = 4


@dataclass(frozen=True)
class Work:
    """What is to become the branch's head."""

    branch: str
    start: Start
    tree: str
    message: str
    author: Mapping[str, str]


def publish(repository: Repository, work: Work, may_go_on: Callable[[], bool]) -> str:
    """Push; the commit that is now the branch's head. AttemptEnded if it may not, or cannot be put on top."""
    commit = repository.commit(work.tree, work.start.parents, work.message, work.author)
    seen = work.start.head
    for _ in range(_TRIES):
        if not may_go_on():
            raise AttemptEnded(
                "stopped", "This attempt was ended before its push; nothing left this machine."
            )
        words = with_retries(lambda: _refusal(repository, commit, work.branch, seen))  # noqa: B023
        if words is None:
            return commit
        theirs = with_retries(lambda: repository.fetch(work.branch)).get(work.branch)
        if theirs == commit:
            return commit  # an earlier push arrived although its answer did not
        if theirs is None or theirs == seen:
            raise AttemptEnded(
                "push_rejected", _not_taken(words, theirs is None and seen is not None, work.branch)
            )
        commit, seen = _on_top(repository, work, commit, theirs), theirs
        if commit == theirs:
            return commit
    raise AttemptEnded("push_rejected", f"Others pushed to {work.branch} again and again while we tried to.")


def _refusal(repository: Repository, commit: str, branch: str, seen: str | None) -> str | None:
    """Push once: None if it was taken, else the words of the refusal."""
    finished = repository.push(commit, branch, seen)
    if not finished.status:
        return None
    refused = [line.split("\t")[-1] for line in finished.text.splitlines() if line.startswith("!")]
    if not refused:
        raise GitError(finished.errors or "git push ended with status 1")
    return "\n".join([*refused, *_remote_words(finished.errors)])


def _remote_words(errors: str) -> list[str]:
    lines = (
        line.removeprefix("remote:").strip() for line in errors.splitlines() if line.startswith("remote:")
    )
    return [line for line in lines if line][:5]


def _not_taken(words: str, deleted: bool, branch: str) -> str:
    if deleted:
        return f"The branch {branch} was deleted on the forge meanwhile; the next attempt begins anew."
    return f"The forge did not take the push to {branch}: {words}"


def _on_top(repository: Repository, work: Work, ours: str, theirs: str) -> str:
    """Our change on top of theirs, if the two do not touch the same lines."""
    try:
        tree, conflicts = repository.merge(theirs, ours)
    except GitError as error:
        raise AttemptEnded(
            "push_rejected", f"{work.branch} was replaced on the forge meanwhile ({error})."
        ) from None
    if conflicts:
        listed = ", ".join(conflicts)
        raise AttemptEnded(
            "push_rejected",
            f"Someone pushed to {work.branch} meanwhile, and both changed {listed}; "
            "the next attempt begins with their work.",
        )
    if tree == repository.tree_of(theirs):
        return theirs
    return repository.commit(tree, [theirs, *work.start.parents[1:]], work.message, work.author)
