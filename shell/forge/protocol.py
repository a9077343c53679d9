"""The forges' common interface: the verbs, and the shapes of their answers."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

Shape = dict[str, Any]

Account = Shape
"""`login, id`"""

Repository = Shape
"""`id, full_name, owner_id, default_branch, empty, private, permissions {admin, push, pull}, merge_styles,
default_merge_style, html_url, clone_url`"""

Issue = Shape
"""`number, title, body, state (open|closed), author, author_id, labels, is_pull, assignees, html_url,
created_at, updated_at`"""

Pull = Shape
"""`number, title, body, state, merged, merge_sha, merged_by, draft, author, author_id,
head {ref, sha, repo_id}, base {ref}, labels, html_url, reviews [Review],
status {state: success|pending|failure|none, contexts {name: state}}`

Review: `id, author, author_id, state (approved|changes_requested|commented|dismissed), body, commit_sha,
stale, submitted_at, comments [{path, line, body}]`"""

Comment = Shape
"""`comment_id, issue_number, is_pull, author, author_id, body, created_at, updated_at, html_url`"""

Push = Shape
"""`actor, actor_id`, and what the forge names: the `commits` that it brought, or the branch's head
`before` and `after`"""

HOOK_EVENTS = (
    "push", "create", "delete", "issues", "issue_comment", "pull_request", "pull_request_review",
    "pull_request_review_comment", "status", "check_run", "check_suite", "repository",
)  # fmt: skip
"""The events that our webhooks subscribe to; each forge takes those that it has."""


class Forge(Protocol):
    """One account on one forge. Every verb may raise Unavailable or Refused."""

    # who and where
    def me(self) -> Account: ...  # the account that the token belongs to
    def repository(self, repo: str) -> Repository: ...
    def repositories(self) -> list[Repository]: ...  # all that the account may push to
    def permission(self, repo: str, login: str) -> Shape: ...  # {login, user_id, permission: none … owner}
    def clone_url(self, repo: str) -> str: ...  # without a secret; asks nobody
    def credential(self, repo: str | None = None) -> tuple[str, str]: ...  # git's user name and secret
    def branch_head(self, repo: str, branch: str) -> str | None: ...  # None: no such branch
    def required_checks(
        self, repo: str, branch: str
    ) -> Shape: ...  # {contexts: [names], patterns: whether the names are patterns}
    def file(self, repo: str, path: str, ref: str | None = None) -> str | None: ...  # None: no such file
    def tree(self, repo: str, ref: str) -> list[str]: ...  # the paths of all files

    # issues and comments
    def issue(self, repo: str, number: int) -> Issue: ...
    def issues_with_label(self, repo: str, label: str, state: str = "all") -> list[Issue]: ...
    def create_issue(self, repo: str, title: str, body: str, labels: Sequence[str] = ()) -> Issue: ...
    def edit_issue(
        self,
        repo: str,
        number: int,
        state: str | None = None,
        title: str | None = None,
        body: str | None = None,
    ) -> Issue: ...  # what is None stays
    def issue_comments(self, repo: str, number: int) -> list[Comment]: ...  # oldest first
    def issue_comment(self, repo: str, comment_id: int) -> Comment | None: ...  # None: no such comment here
    def comment(self, repo: str, number: int, body: str) -> Comment: ...
    def edit_comment(self, repo: str, comment_id: int, body: str) -> Comment: ...
    def delete_comment(self, repo: str, comment_id: int) -> None: ...  # one that is gone already is no fault
    def react_comment(self, repo: str, comment_id: int, content: str, remove: str | None = None) -> None: ...
    def react_issue(self, repo: str, number: int, content: str, remove: str | None = None) -> None: ...
    def timeline(
        self, repo: str, number: int
    ) -> list[Shape]: ...  # who set and took labels, closed, reopened

    # labels
    def set_labels(
        self, repo: str, number: int, add: Iterable[str], remove: Iterable[str]
    ) -> list[str]: ...  # a fresh read, then the fewest writes; the names that are there now
    def make_labels(
        self, repo: str, labels: Iterable[Shape]
    ) -> None: ...  # {name, color, description}; what lacks

    # pull requests
    def pull(self, repo: str, number: int, known_reviews: Iterable[int] = ()) -> Pull: ...
    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None: ...  # the open one
    def create_pull(
        self, repo: str, title: str, body: str, head: str, base: str
    ) -> Shape: ...  # or the open one
    def pushes(
        self, repo: str, number: int, branch: str
    ) -> list[Push] | None: ...  # who pushed to a pull request's branch; None: the forge does not tell
    def commit_authors(
        self, repo: str, number: int
    ) -> dict[str, list[int]]: ...  # commit -> the accounts that the forge takes for its author and committer
    def merge(
        self,
        repo: str,
        number: int,
        head_sha: str,
        style: str,
        delete_branch: bool = True,
        title: str | None = None,
        message: str | None = None,
    ) -> Shape: ...  # {merged: True, merge_sha}; NotYet while the forge checks
    def update_branch(
        self, repo: str, number: int, head_sha: str | None = None
    ) -> bool: ...  # base into head; whether that moved it
    def request_review(self, repo: str, number: int, reviewers: Sequence[str]) -> None: ...
    def review(
        self, repo: str, number: int, event: str, body: str = "", commit_sha: str | None = None
    ) -> Shape: ...  # event: approve|request_changes|comment; {id}
    def set_status(
        self, repo: str, sha: str, state: str, context: str, description: str = "", target_url: str = ""
    ) -> None: ...

    # catching up
    def comments_since(self, repo: str, since: str | None) -> list[Comment]: ...  # new and edited, inclusive
    def changes_since(
        self, repo: str, since: str | None
    ) -> Shape: ...  # {issues, pulls: [numbers], comments, date}

    # hooks
    def create_hook(self, repo: str, url: str, secret: str, events: Sequence[str] | None = None) -> int: ...
    def list_hooks(self, repo: str) -> list[Shape]: ...  # {id, url, events, active}
    def delete_hook(self, repo: str, hook_id: int) -> None: ...
