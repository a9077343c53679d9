"""Gitea's calls about hooks: a repository's, a user's, and the system's."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from bot.fake_forge import git
from bot.fake_forge.call import Call, route
from bot.fake_forge.common_calls import REPO
from bot.fake_forge.gitea import shapes
from bot.fake_forge.gitea.payloads import expanded
from bot.fake_forge.gitea.routes import blueprint, page
from bot.fake_forge.state import Hook, Problem
from bot.fake_forge.world import ForgeEvent

Json = dict[str, Any]


def _list_of(call: Call) -> tuple[list[Hook], str]:
    """The list of hooks that this address means, and its scope."""
    if call.target is not None:
        return call.repository.hooks, "repository"
    if "/admin/" in request.path:
        if not call.user.admin:
            raise Problem(403, "")
        return call.world.state.system_hooks, "system"
    return call.world.state.user_hooks[call.user.id], "user"


def add(call: Call) -> tuple[Json, int]:
    hooks, scope = _list_of(call)
    config = call.body.get("config") or {}
    if not config.get("url") or "content_type" not in config:
        raise Problem(
            422,
            "Missing config option: url" if "url" not in config else "Missing config option: content_type",
        )
    hook = Hook(
        call.world.state.next_id("hook"),
        scope,
        config["url"],
        config.get("secret", ""),
        expanded(call.names("events") or ["push"]),
        bool(call.body.get("active")),
        config["content_type"],
        call.text("authorization_header"),
        call.text("branch_filter"),
    )
    hooks.append(hook)
    return shapes.hook(hook), 201


def show(call: Call) -> Response:
    return page(call, _list_of(call)[0], shapes.hook)


def one(call: Call, identity: int) -> Json | None:
    """Read, change or delete a hook; a change is not partial: what it leaves out is reset."""
    hooks, _ = _list_of(call)
    hook = next((each for each in hooks if each.id == identity), None)
    if hook is None:
        raise Problem(404, "The target couldn't be found.")
    if request.method == "DELETE":
        hooks.remove(hook)
        return None
    if request.method == "PATCH":
        config = call.body.get("config") or {}
        hook.url = config.get("url", hook.url)
        hook.events = expanded(call.names("events") or ["push"])
        hook.authorization, hook.branch_filter = call.text("authorization_header"), call.text("branch_filter")
        hook.active = bool(call.body.get("active", hook.active))
    return shapes.hook(hook)


for place, right in ((f"{REPO}/hooks", "admin"), ("/user/hooks", "user"), ("/admin/hooks", "user")):
    route(blueprint, "POST", place, right)(add)
    route(blueprint, "GET", place, right)(show)
    route(blueprint, "GET PATCH DELETE", f"{place}/<int:identity>", right)(one)


@route(blueprint, "POST", f"{REPO}/hooks/<int:identity>/tests", "admin")
def test_hook(call: Call, identity: int) -> None:
    """A made-up push of the default branch's head."""
    repo = call.repository
    sha = git.branch(repo.folder, repo.default_branch) or git.ZERO
    commits = git.commits(repo.folder, sha, limit=1) if sha != git.ZERO else []
    more = {"ref": f"refs/heads/{repo.default_branch}", "name": repo.default_branch, "type": "branch"}
    more |= {"before": sha, "after": sha}
    call.world.emit(ForgeEvent("push", repo, call.user, more={**more, "commits": commits}))
