"""The REST calls that are the same in both dialects, but for the JSON that each makes of the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from flask import Blueprint, Response

from bot.fake_forge import git, issues, pulls
from bot.fake_forge.call import Call, Json, route
from bot.fake_forge.state import Comment, Issue, Milestone, Problem, Pull, Repository, Review, User
from bot.fake_forge.world import World

REPO = "/repos/<owner>/<name>"
REVIEW = f"{REPO}/pulls/<int:number>/reviews/<int:identity>"
Page = Callable[[Call, Iterable[Any], Callable[[Any], Any]], Response]


class Shapes(Protocol):
    """A dialect's JSON of the records."""

    def user(self, world: World, person: User | None, /) -> Json | None: ...
    def repository(self, world: World, repo: Repository, viewer: User | None, /) -> Json: ...
    def issue(self, world: World, one: Issue, /) -> Json: ...
    def comment(self, world: World, one: Comment, /) -> Json: ...
    def pull_request(
        self, world: World, issue: Issue, pull: Pull, viewer: User | None, /, *, full: bool = True
    ) -> Json: ...
    def review(self, world: World, one: Issue, review: Review, /) -> Json: ...


def add_common_calls(blueprint: Blueprint, shapes: Shapes) -> None:
    """Add them to a dialect's blueprint."""
    _add_repository_calls(blueprint, shapes)
    _add_issue_calls(blueprint, shapes)
    _add_pull_calls(blueprint, shapes)


def _add_repository_calls(blueprint: Blueprint, shapes: Shapes) -> None:
    @route(blueprint, "GET", "/user", "user")
    def me(call: Call) -> Json | None:
        return shapes.user(call.world, call.caller)

    @route(blueprint, "GET", "/users/<login>", "open")
    def user(call: Call, login: str) -> Json | None:
        return shapes.user(call.world, call.world.state.user(login))

    @route(blueprint, "GET", REPO)
    def repository(call: Call) -> Json:
        return shapes.repository(call.world, call.repository, call.caller)

    @route(blueprint, "DELETE", f"{REPO}/collaborators/<login>", "admin")
    def remove_collaborator(call: Call, login: str) -> None:
        call.repository.collaborators.pop(login.lower(), None)

    @route(blueprint, "GET", f"{REPO}/languages")
    def languages(call: Call) -> Json:
        return {}


def _add_issue_calls(blueprint: Blueprint, shapes: Shapes) -> None:
    @route(blueprint, "GET", f"{REPO}/issues/<int:number>")
    def get_issue(call: Call, number: int) -> Json:
        return shapes.issue(call.world, issues.find(call.repository, number))

    @route(blueprint, "GET", f"{REPO}/issues/comments/<int:identity>")
    def get_comment(call: Call, identity: int) -> Json:
        return shapes.comment(call.world, issues.find_comment(call.repository, identity))


def _add_pull_calls(blueprint: Blueprint, shapes: Shapes) -> None:
    @route(blueprint, "GET", f"{REPO}/pulls/<int:number>/merge")
    def is_merged(call: Call, number: int) -> None:
        if not pulls.find(call.repository, number)[1].merged:
            raise Problem(404, "")

    @route(blueprint, "GET", REVIEW)
    def get_review(call: Call, number: int, identity: int) -> Json:
        issue, _, review = pulls.find_review(call.repository, number, identity)
        return shapes.review(call.world, issue, review)


def pull_shape(shapes: Shapes, call: Call, issue: Issue, *, full: bool = True) -> Json:
    """The JSON of a pull request as the caller sees it."""
    assert issue.pull
    return shapes.pull_request(call.world, issue, issue.pull, call.caller, full=full)


def edit_repository_fields(call: Call, merge_styles: dict[str, str]) -> None:
    """Change the fields that both dialects name alike, and the merge styles by the dialect's switches."""
    repo, body = call.repository, call.body
    for key in ("description", "private", "archived", "default_branch"):
        if key in body:
            setattr(repo, key, body[key])
    for key, style in merge_styles.items():
        if key in body:
            (repo.merge_styles.add if body[key] else repo.merge_styles.discard)(style)


def edit_milestone_fields(call: Call, milestone: Milestone) -> None:
    """Change a milestone's fields."""
    milestone.title = call.text("title") or milestone.title
    milestone.state = call.text("state") or milestone.state
    milestone.description = call.text("description", milestone.description)


def tree_entries(call: Call, commit: str) -> list[Json]:
    """The entries of a commit's tree."""
    rows = git.tree(call.repository.folder, commit, recursive=bool(call.args.get("recursive")))
    return [{"path": path, "type": kind, "sha": blob, "size": size} for kind, blob, path, size in rows]
