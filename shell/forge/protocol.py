"""The forges' common interface: the verbs, and the shapes of their answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    from stages.world import Account as Account
    from stages.world import Checks as Checks
    from stages.world import FailedCheck as FailedCheck
    from stages.world import ForgeChanges as Changes
    from stages.world import ForgeComment as Comment
    from stages.world import ForgeIssue as Issue
    from stages.world import ForgePermission as Permission
    from stages.world import ForgePull as Pull
    from stages.world import ForgeRepository as Repository
    from stages.world import ForgeReview as Review
    from stages.world import Remark as Remark
    from stages.world import RequiredChecks as RequiredChecks
    from stages.world import TimelineRow as TimelineRow
else:
    Account = Checks = Changes = Comment = Issue = Permission = Pull = Repository = Review = dict
    FailedCheck = Remark = RequiredChecks = TimelineRow = dict
    """When they are read, all of them are plain objects; their fields: `stages/world.py`."""


__all__ = [
    "HOOK_EVENTS",
    "Account",
    "Changes",
    "Checks",
    "Comment",
    "FailedCheck",
    "Forge",
    "Hook",
    "Issue",
    "Merged",
    "Milestone",
    "Opened",
    "Permission",
    "Pull",
    "Push",
    "Remark",
    "Repository",
    "RequiredChecks",
    "Review",
    "Reviewed",
    "TimelineRow",
]


class Merged(TypedDict):
    """That a pull request is merged, and by which commit."""

    merged: bool
    merge_sha: str | None


class Opened(TypedDict):
    """A pull request, as much as one needs who opened it."""

    number: int
    head_sha: str
    html_url: str


class Milestone(TypedDict):
    """A milestone of a repository, by the number that the forge's own calls take."""

    id: int
    title: str
    description: str
    state: str


class Reviewed(TypedDict):
    """A review that was made."""

    id: int


class Hook(TypedDict):
    """A webhook of a repository."""

    id: int
    url: str
    events: list[str]
    active: bool


class Push(TypedDict):
    """A push to a branch: the commits that it brought, or the branch's head before and after."""

    actor: str
    actor_id: int | None
    commits: list[str]
    before: str | None
    after: str | None


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
    def permission(self, repo: str, login: str) -> Permission: ...
    def clone_url(self, repo: str) -> str: ...  # without a secret; asks nobody
    def credential(self, repo: str | None = None) -> tuple[str, str]: ...  # git's user name and secret
    def branch_head(self, repo: str, branch: str) -> str | None: ...  # None: no such branch
    def required_checks(self, repo: str, branch: str) -> RequiredChecks: ...
    def checks(self, repo: str, sha: str) -> Checks: ...  # less our own status
    def failed_checks(
        self, repo: str, sha: str
    ) -> list[FailedCheck]: ...  # with the end of their logs where the forge has them
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
        assignees: Sequence[str] | None = None,
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
    ) -> list[TimelineRow]: ...  # who set and took labels, closed, reopened

    # labels
    def set_labels(
        self, repo: str, number: int, add: Iterable[str], remove: Iterable[str]
    ) -> list[str]: ...  # a fresh read, then the fewest writes; the names that are there now
    def make_labels(
        self, repo: str, labels: Iterable[Mapping[str, str]]
    ) -> None: ...  # {name, color, description}; what lacks

    # milestones
    def milestones(self, repo: str) -> list[Milestone]: ...  # open and closed ones
    def create_milestone(self, repo: str, title: str, description: str) -> Milestone: ...
    def set_milestone_state(self, repo: str, milestone: int, state: str) -> Milestone: ...  # open|closed
    def put_into_milestone(
        self, repo: str, number: int, milestone: int
    ) -> bool: ...  # an issue that is in another one stays there: False

    # pull requests
    def pull(self, repo: str, number: int, known_reviews: Iterable[int] = ()) -> Pull: ...
    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None: ...  # the open one
    def create_pull(
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> Opened: ...  # or the open one
    def set_draft(self, repo: str, number: int, draft: bool) -> None: ...  # nothing where it is so already
    def pushes(
        self, repo: str, number: int, branch: str
    ) -> list[Push] | None: ...  # who pushed to a pull request's branch; None: the forge does not tell
    def changes_file(
        self, repo: str, number: int, path: str
    ) -> bool: ...  # whether a pull request changes, moves or deletes a file
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
    ) -> Merged: ...  # NotYet while the forge checks
    def update_branch(
        self, repo: str, number: int, head_sha: str | None = None
    ) -> bool: ...  # base into head; whether that moved it
    def request_review(
        self, repo: str, number: int, reviewers: Sequence[str]
    ) -> None: ...  # logins, and teams of the repository's owner as `owner/team`
    def review(
        self, repo: str, number: int, event: str, body: str = "", commit_sha: str | None = None
    ) -> Reviewed: ...  # event: approve|request_changes|comment
    def set_status(
        self, repo: str, sha: str, state: str, context: str, description: str = "", target_url: str = ""
    ) -> None: ...

    # catching up
    def comments_since(self, repo: str, since: str | None) -> list[Comment]: ...  # new and edited, inclusive
    def changes_since(self, repo: str, since: str | None) -> Changes: ...

    # hooks
    def create_hook(self, repo: str, url: str, secret: str, events: Sequence[str] | None = None) -> int: ...
    def list_hooks(self, repo: str) -> list[Hook]: ...
    def delete_hook(self, repo: str, hook_id: int) -> None: ...
