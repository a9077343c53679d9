"""The forge itself: its memory, its folder of repositories, and the webhooks for what happens."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.fake_forge import git
from bot.fake_forge.faults import Faults
from bot.fake_forge.state import Comment, Hook, Issue, Label, Problem, Repository, Review, State, User
from bot.fake_forge.webhooks import Deliveries, Message


@dataclass
class ForgeEvent:
    """Something that happened, not yet in the terms of a dialect."""

    kind: str
    repository: Repository
    actor: User
    issue: Issue | None = None
    comment: Comment | None = None
    review: Review | None = None
    labels: list[Label] = field(default_factory=list)
    person: User | None = None
    changes: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


class Dialect(Protocol):
    """How one kind of forge writes its webhooks."""

    NAME: str
    SAME_ID: bool

    def messages(self, world: World, event: ForgeEvent) -> list[Message]: ...
    def wants(self, hook: Hook, message: Message) -> bool: ...
    def encode(self, hook: Hook, message: Message) -> bytes: ...
    def headers(self, hook: Hook, message: Message, body: bytes, delivery: str) -> dict[str, str]: ...


class World:
    """State, repositories on disk, deliveries and faults of one running forge."""

    def __init__(self, folder: Path, dialect: Dialect, faults: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.dialect = dialect
        self.state = State(folder)
        self.faults = Faults(faults)
        self.deliveries = Deliveries(self.faults)
        self.url = ""

    def add_repository(
        self,
        owner: User,
        name: str,
        *,
        private: bool = False,
        default_branch: str = "main",
        collaborators: dict[str, str] | None = None,
        files: dict[str, str | bytes | None] | None = None,
        actor: User | None = None,
    ) -> Repository:
        """Create a repository; without files it is empty."""
        with self.state.lock:
            if self.state.repository(owner.login, name):
                raise Problem(409, "The repository with the same name already exists.")
            number = self.state.next_id("repository")
            repository = Repository(
                number, owner, name, self.folder / "repositories" / f"{number}.git", default_branch, private
            )
            git.create(repository.folder, default_branch)
            self.state.repositories[repository.full_name.lower()] = repository
            self.state.moved.pop(repository.full_name.lower(), None)
        for login, level in (collaborators or {}).items():
            repository.collaborators[self.state.add_user(login).login.lower()] = level
        if files:
            git.commit_files(
                repository.folder, default_branch, files, "Initial commit", (actor or owner).login
            )
        self.emit(ForgeEvent("repository_created", repository, actor or owner))
        return repository

    def forget(self) -> None:
        """Start over: no users, no repositories, no hooks."""
        shutil.rmtree(self.folder / "repositories", ignore_errors=True)
        self.state = State(self.folder)

    def rename(self, repository: Repository, name: str, owner: User | None = None) -> None:
        """Rename or transfer; the old address redirects to the new one."""
        with self.state.lock:
            new_owner = owner or repository.owner
            if self.state.repository(new_owner.login, name):
                raise Problem(422, "The repository with the same name already exists.")
            old = self.state.repositories.pop(repository.full_name.lower())
            self.state.moved[old.full_name.lower()] = repository
            repository.name, repository.owner = name, new_owner
            self.state.repositories[repository.full_name.lower()] = repository

    def hooks_of(self, repository: Repository) -> list[Hook]:
        mine = self.state.user_hooks.get(repository.owner.id, [])
        return [hook for hook in (*repository.hooks, *mine, *self.state.system_hooks) if hook.active]

    def emit(self, event: ForgeEvent) -> None:
        """Send a webhook to each hook that subscribed to this."""
        if not (hooks := self.hooks_of(event.repository)):
            return
        for message in self.dialect.messages(self, event):
            for hook in hooks:
                if self.dialect.wants(hook, message):
                    body = self.dialect.encode(hook, message)
                    self.deliveries.put(
                        hook, message, body, self.dialect.headers, same_id=self.dialect.SAME_ID
                    )
