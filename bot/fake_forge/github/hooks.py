"""GitHub's calls about a repository's hooks; a new one is greeted with a ping."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from bot.fake_forge import git
from bot.fake_forge.call import Call, route
from bot.fake_forge.common_calls import REPO
from bot.fake_forge.github import payloads, shapes
from bot.fake_forge.github.routes import blueprint, invalid, page
from bot.fake_forge.state import Hook, Problem
from bot.fake_forge.world import ForgeEvent

Json = dict[str, Any]


def _shape(call: Call, hook: Hook) -> Json:
    return shapes.hook(call.world, f"/repos/{call.repository.full_name}/hooks", hook)


def _admin(call: Call) -> None:
    """Without admin access, hooks are not even visible."""
    if not call.may("admin"):
        raise Problem(404, "")


@route(blueprint, "GET", f"{REPO}/hooks", "user")
def list_hooks(call: Call) -> Response:
    _admin(call)
    return page(call, call.repository.hooks, lambda hook: _shape(call, hook))


@route(blueprint, "POST", f"{REPO}/hooks", "user")
def add_hook(call: Call) -> tuple[Json, int]:
    _admin(call)
    config = call.body.get("config") or {}
    events = call.names("events") or ["push"]
    if not config.get("url"):
        invalid("Hook", "missing_field", "config")
    if any(hook.url == config["url"] and set(hook.events) == set(events) for hook in call.repository.hooks):
        invalid("Hook", "custom", message="Hook already exists on this repository")
    hook = Hook(
        call.world.state.next_id("hook"),
        "repository",
        config["url"],
        config.get("secret", ""),
        events,
        bool(call.body.get("active", True)),
        config.get("content_type", "form"),
    )
    call.repository.hooks.append(hook)
    _ping(call, hook)
    return _shape(call, hook), 201


def _ping(call: Call, hook: Hook) -> None:
    event = ForgeEvent("ping", call.repository, call.user, more={"hook": hook})
    for message in payloads.messages(call.world, event):
        body = payloads.encode(hook, message)
        call.world.deliveries.put(hook, message, body, payloads.headers, same_id=True)


def _hook(call: Call, identity: int) -> Hook:
    _admin(call)
    for hook in call.repository.hooks:
        if hook.id == identity:
            return hook
    raise Problem(404, "")


@route(blueprint, "GET PATCH DELETE", f"{REPO}/hooks/<int:identity>", "user")
def one_hook(call: Call, identity: int) -> Json | None:
    """Read, change (only what is named) or delete a hook."""
    hook = _hook(call, identity)
    if request.method == "DELETE":
        call.repository.hooks.remove(hook)
        return None
    if request.method == "PATCH":
        config = call.body.get("config") or {}
        hook.url, hook.secret = config.get("url", hook.url), config.get("secret", hook.secret)
        hook.events = call.names("events") or hook.events
        hook.active = bool(call.body.get("active", hook.active))
    return _shape(call, hook)


@route(blueprint, "POST", f"{REPO}/hooks/<int:identity>/pings", "user")
def ping(call: Call, identity: int) -> None:
    _ping(call, _hook(call, identity))


@route(blueprint, "POST", f"{REPO}/hooks/<int:identity>/tests", "user")
def test_hook(call: Call, identity: int) -> None:
    """The latest push of the default branch once more."""
    _hook(call, identity)
    repo = call.repository
    sha = git.branch(repo.folder, repo.default_branch)
    if sha:
        more = {"ref": f"refs/heads/{repo.default_branch}", "name": repo.default_branch, "type": "branch"}
        commits = git.commits(repo.folder, sha, limit=1)
        push = {**more, "before": sha, "after": sha, "commits": commits}
        call.world.emit(ForgeEvent("push", repo, call.user, more=push))
