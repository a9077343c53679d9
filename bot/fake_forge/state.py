"""The forge's memory: users, repositories, issues, pull requests and everything that belongs to them."""

from __future__ import annotations

import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RANK = {"none": 0, "read": 10, "triage": 15, "write": 20, "maintain": 25, "admin": 30, "owner": 40}
STYLES = ("merge", "rebase", "rebase-merge", "squash", "fast-forward-only")


class Problem(Exception):
    """A call that is refused: the status and the message of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status, self.message = status, message


@dataclass(eq=False)
class User:
    id: int
    login: str
    token: str
    admin: bool = False
    organization: bool = False
    created: float = field(default_factory=time.time)


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str
    description: str = ""
    exclusive: bool = False


@dataclass(eq=False)
class Milestone:
    id: int
    number: int
    title: str
    description: str = ""
    state: str = "open"
    due: str | None = None
    created: float = field(default_factory=time.time)


@dataclass(eq=False)
class Reaction:
    id: int
    user: User
    content: str
    created: float = field(default_factory=time.time)


@dataclass(eq=False)
class Comment:
    id: int
    issue: Issue
    author: User
    body: str
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(eq=False)
class Moment:
    """One line of an issue's history."""

    id: int
    kind: str
    actor: User
    at: float = field(default_factory=time.time)
    label: Label | None = None
    comment: Comment | None = None
    review: Review | None = None
    person: User | None = None
    text: str = ""


@dataclass(eq=False)
class LineComment:
    id: int
    path: str
    line: int
    body: str
    commit: str
    created: float = field(default_factory=time.time)


@dataclass(eq=False)
class Review:
    """`state` is one of approved, changes_requested, commented, requested, pending."""

    id: int
    author: User
    state: str
    body: str
    commit: str
    official: bool = False
    stale: bool = False
    dismissed: bool = False
    submitted: float = field(default_factory=time.time)
    comments: list[LineComment] = field(default_factory=list)


@dataclass(eq=False)
class Pull:
    id: int
    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: float | None = None
    merged_by: User | None = None
    merge_sha: str | None = None
    checking_until: float = 0.0
    reviews: list[Review] = field(default_factory=list)
    reviewers: list[User] = field(default_factory=list)
    tried: tuple[str, str, bool] = ("", "", False)

    @property
    def merged(self) -> bool:
        return self.merged_at is not None


@dataclass(eq=False)
class Issue:
    id: int
    repository: Repository
    number: int
    title: str
    body: str
    author: User
    state: str = "open"
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    closed: float | None = None
    closed_by: User | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[User] = field(default_factory=list)
    milestone: Milestone | None = None
    comments: list[Comment] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    history: list[Moment] = field(default_factory=list)
    pull: Pull | None = None

    def touch(self) -> None:
        self.updated = time.time()


@dataclass(eq=False)
class Status:
    id: int
    state: str
    context: str
    description: str
    target_url: str
    author: User
    created: float = field(default_factory=time.time)


@dataclass(eq=False)
class Check:
    id: int
    name: str
    sha: str
    status: str
    conclusion: str | None
    created: float = field(default_factory=time.time)
    app: str = "checks"
    details_url: str = ""


@dataclass(eq=False)
class Job:
    """A job of the forge's own CI that has ended as success or failure."""

    id: int
    name: str
    sha: str
    state: str
    log: str


@dataclass(eq=False)
class Hook:
    """A subscription; `scope` is repository, user or system."""

    id: int
    scope: str
    url: str
    secret: str
    events: list[str]
    active: bool = True
    content_type: str = "json"
    authorization: str = ""
    branch_filter: str = ""
    created: float = field(default_factory=time.time)


@dataclass(eq=False)
class Activity:
    """One move of a branch, and who made it."""

    id: int
    actor: User
    ref: str
    before: str
    after: str
    forced: bool = False
    at: float = field(default_factory=time.time)


@dataclass(eq=False)
class Repository:
    id: int
    owner: User
    name: str
    folder: Path
    default_branch: str = "main"
    private: bool = False
    description: str = ""
    archived: bool = False
    delete_branch: bool = False
    merge_styles: set[str] = field(default_factory=lambda: set(STYLES))
    merge_style: str = "merge"
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    collaborators: dict[str, str] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    statuses: dict[str, list[Status]] = field(default_factory=lambda: defaultdict(list))
    checks: dict[str, list[Check]] = field(default_factory=lambda: defaultdict(list))
    jobs: dict[int, Job] = field(default_factory=dict)
    protections: dict[str, dict[str, Any]] = field(default_factory=dict)
    topics: list[str] = field(default_factory=list)
    pushed: dict[str, float] = field(default_factory=dict)
    activity: list[Activity] = field(default_factory=list)
    last_number: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def pulls(self) -> list[Issue]:
        return [issue for issue in self.issues.values() if issue.pull]


class State:
    """The whole memory, and the counters that number it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.tokens: dict[str, User] = {}
        self.repositories: dict[str, Repository] = {}
        self.moved: dict[str, Repository] = {}
        self.user_hooks: dict[int, list[Hook]] = defaultdict(list)
        self.system_hooks: list[Hook] = []
        self.counters: dict[str, int] = defaultdict(int)

    def next_id(self, kind: str) -> int:
        with self.lock:
            self.counters[kind] += 1
            return self.counters[kind]

    def add_user(self, login: str, *, admin: bool = False, organization: bool = False) -> User:
        with self.lock:
            if (known := self.users.get(login.lower())) is not None:
                return known
            user = User(self.next_id("user"), login, secrets.token_hex(20), admin, organization)
            self.users[login.lower()] = user
            self.tokens[user.token] = user
            return user

    def user(self, login: str) -> User:
        if (user := self.users.get(login.lower())) is None:
            raise Problem(404, f"user redirect does not exist [name: {login.lower()}]")
        return user

    def user_of(self, email: str) -> User | None:
        """Whose mail address a commit carries: that is all that a forge takes its author by."""
        login, _, domain = email.partition("@")
        return self.users.get(login.lower()) if domain == "noreply.example.test" else None

    def repository(self, owner: str, name: str) -> Repository | None:
        return self.repositories.get(f"{owner}/{name}".lower())

    def level(self, repository: Repository, user: User | None) -> str:
        """The user's permission there: none, read, triage, write, maintain, admin or owner."""
        if user is None:
            return "none" if repository.private else "read"
        if user is repository.owner:
            return "owner"
        if user.admin:
            return "owner"
        level = repository.collaborators.get(user.login.lower(), "none")
        return "read" if level == "none" and not repository.private else level

    def may(self, repository: Repository, user: User | None, level: str) -> bool:
        return RANK[self.level(repository, user)] >= RANK[level]
