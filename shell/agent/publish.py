"""Pushes a checked tree to the forge: one commit on the branch, never over what someone else pushed."""

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


def publish(
    repository: Repository, work: Work, may_go_on: Callable[[], bool], pushing: Callable[[str], None]
) -> str:
    """Push; returns the branch's new head. AttemptEnded if it may not, or cannot be put on top.

    `pushing` is told of each commit before it is offered, so that it is known as ours whatever happens then.
    """
    commit = repository.commit(work.tree, work.start.parents, work.message, work.author)
    seen = work.start.head
    for _ in range(_TRIES):
        if not may_go_on():
            raise AttemptEnded("stopped", "The run was stopped before its push; nothing was pushed.")
        repository.note_pushed(commit)
        pushing(commit)
        refusal = with_retries(lambda: _refusal(repository, commit, work.branch, seen))  # noqa: B023
        if refusal is None:
            return commit
        remote_head = with_retries(lambda: repository.fetch(work.branch)).get(work.branch)
        if remote_head == commit:
            return commit  # an earlier push arrived although its answer did not
        if remote_head is None or remote_head == seen:
            raise AttemptEnded(
                "push_rejected", _rejected(refusal, remote_head is None and seen is not None, work.branch)
            )
        commit, seen = _on_top(repository, work, commit, remote_head), remote_head
        if commit == remote_head:
            return commit
    raise AttemptEnded(
        "push_rejected",
        f"Others kept pushing to {work.branch}, so the push was given up after {_TRIES} tries.",
    )


def _refusal(repository: Repository, commit: str, branch: str, seen: str | None) -> str | None:
    """Push once; None if it was accepted, else the reason of the refusal."""
    finished = repository.push(commit, branch, seen)
    if not finished.status:
        return None
    rejected = [line.split("\t")[-1] for line in finished.text.splitlines() if line.startswith("!")]
    if not rejected:
        raise GitError(finished.errors or "git push ended with status 1")
    return "\n".join([*rejected, *_remote_lines(finished.errors)])


def _remote_lines(errors: str) -> list[str]:
    lines = (
        line.removeprefix("remote:").strip() for line in errors.splitlines() if line.startswith("remote:")
    )
    return [line for line in lines if line][:5]


def _rejected(refusal: str, deleted: bool, branch: str) -> str:
    if deleted:
        return f"The branch {branch} was deleted on the forge during the run; the next attempt starts over."
    return f"The forge rejected the push to {branch}: {refusal}"


def _on_top(repository: Repository, work: Work, ours: str, remote_head: str) -> str:
    """Our change on top of remote_head, if the two do not touch the same lines."""
    try:
        tree, conflicts = repository.merge(remote_head, ours)
    except GitError as error:
        raise AttemptEnded(
            "push_rejected", f"{work.branch} was force-pushed during the run ({error})."
        ) from None
    if conflicts:
        listed = ", ".join(conflicts)
        raise AttemptEnded(
            "push_rejected",
            f"Someone pushed to {work.branch} during the run and changed the same lines of {listed}; "
            "the next attempt starts from their work.",
        )
    if tree == repository.tree_of(remote_head):
        return remote_head
    return repository.commit(tree, [remote_head, *work.start.parents[1:]], work.message, work.author)
