"""The pull request of an attempt: opened once, and reused by the attempts that follow."""

from collections.abc import Mapping
from typing import Any, Protocol

from shell.agent.harness import Watcher
from shell.agent.outcome import AttemptEnded
from shell.agent.retry import with_retries
from shell.errors import Refused


class PullForge(Protocol):
    """What an attempt needs of a forge."""

    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None: ...

    def create_pull(
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> Mapping[str, Any]: ...

    def set_draft(self, repo: str, number: int, draft: bool) -> None: ...

    def issue(self, repo: str, number: int) -> Mapping[str, Any]: ...

    def me(self) -> Mapping[str, Any]: ...

    def set_status(
        self, repo: str, sha: str, state: str, context: str, description: str = "", target_url: str = ""
    ) -> None: ...

    def branch_head(self, repo: str, branch: str) -> str | None: ...

    def repository(self, repo: str) -> Mapping[str, Any]:
        """With its `clone_url` and default branch of today; asked only where what is known has moved."""

    def credential(self, repo: str | None = None) -> tuple[str, str]:
        """User name and secret that git uses over HTTP, for this repository."""


def open_or_reuse_pull(
    spec: Mapping[str, Any], forge: PullForge, report: Watcher, body: str, draft: bool = False
) -> int:
    """The number of the pull request, opened if there is none or it was closed during the run.

    One that is there becomes a draft, or is one no more if the bot had made it so.
    """
    number = spec.get("pr_number")
    if number and with_retries(lambda: forge.issue(spec["repo"], number))["state"] == "open":
        if draft or spec.get("draft"):
            with_retries(lambda: forge.set_draft(spec["repo"], number, draft))
        return int(number)
    if not report.may_go_on():
        raise AttemptEnded(
            "stopped", f"The run was stopped before it opened a pull request; {spec['branch']} is pushed."
        )
    repo, branch, base = spec["repo"], spec["branch"], spec["base"]

    def once() -> int:
        if there := open_pull(spec, forge):
            if draft or spec.get("draft"):
                forge.set_draft(repo, there, draft)
            return there
        try:
            return int(forge.create_pull(repo, spec["pr_title"], body, branch, base, draft)["number"])
        except Refused:
            renamed = base_now(spec, forge)
            if renamed == base:
                raise
            return int(forge.create_pull(repo, spec["pr_title"], body, branch, renamed, draft)["number"])

    return with_retries(once)


def base_now(spec: Mapping[str, Any], forge: PullForge) -> str:
    """The base that was told, or the default branch if that branch is gone: people rename it."""
    repo, base = spec["repo"], str(spec["base"])
    if with_retries(lambda: forge.branch_head(repo, base)) is not None:
        return base
    return str(with_retries(lambda: forge.repository(repo)).get("default_branch") or base)


def open_pull(spec: Mapping[str, Any], forge: PullForge) -> int | None:
    """The branch's open pull request, if it is ours; AttemptEnded if it is someone else's."""
    number = forge.find_pull(spec["repo"], spec["branch"], spec["base"])
    if number is None:
        return None
    pull = forge.issue(spec["repo"], number)
    if pull["author_id"] != forge.me()["id"]:
        raise AttemptEnded(
            "push_rejected",
            f"The branch {spec['branch']} already has the pull request #{number} by {pull['author']}. "
            "Close it and delete the branch first.",
        )
    return number
