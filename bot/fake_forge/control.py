"""The other side of the counter, under /_fake: make users and repositories, read the log, set faults."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from flask import Blueprint, Response, current_app, request

from bot.fake_forge import jobs, pushes
from bot.fake_forge.call import current_world, json_answer
from bot.fake_forge.state import Problem, Repository, User
from bot.fake_forge.world import World

blueprint = Blueprint("control", __name__, url_prefix="/_fake")
Json = dict[str, Any]
NUMBER = re.compile(r"(?<=/)(\d+|[0-9a-f]{40})(?=/|$)")


@blueprint.errorhandler(Problem)
def problem(error: Problem) -> Response:
    return json_answer({"message": error.message}, error.status)


def _body() -> Json:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Problem(422, "send a JSON object")
    return body


def _needed(body: Json, name: str) -> Any:
    if name not in body:
        raise Problem(422, f"{name} is missing")
    return body[name]


def repository_named(world: World, full_name: str) -> Repository:
    owner, _, name = full_name.partition("/")
    if (found := world.state.repository(owner, name)) is None:
        raise Problem(404, f"no repository {full_name}")
    return found


def make_repository(
    world: World,
    full_name: str,
    *,
    owner: str | None = None,
    collaborators: dict[str, str] | None = None,
    files: dict[str, str | bytes | None] | None = None,
    **more: Any,
) -> Repository:
    """A repository with an initial commit; an owner nobody knows is made as an organisation.

    `owner` is the person who owns it beside that organisation: an administrator of the repository.
    """
    account, _, name = full_name.partition("/")
    if not name:
        raise Problem(422, f"{full_name!r} is no owner/name")
    holder = world.state.users.get(account.lower()) or world.state.add_user(account, organization=True)
    levels = dict(collaborators or {})
    if owner and owner.lower() != account.lower():
        levels[owner] = "admin"
    start: dict[str, str | bytes | None] = {"README.md": f"# {name}\n"} if files is None else files
    return world.add_repository(holder, name, collaborators=levels, files=start, **more)


def user_shape(user: User) -> Json:
    return {"id": user.id, "name": user.login, "token": user.token, "admin": user.admin}


def repository_shape(world: World, repository: Repository) -> Json:
    return {
        "id": repository.id,
        "full_name": repository.full_name,
        "clone_url": f"{world.url}/{repository.full_name}.git",
        "folder": str(repository.folder),
        "default_branch": repository.default_branch,
    }


@blueprint.post("/users")
def add_user() -> Response:
    body = _body()
    user = current_world().state.add_user(_needed(body, "name"), admin=bool(body.get("admin")))
    return json_answer(user_shape(user), 201)


@blueprint.get("/users")
def users() -> Response:
    return json_answer([user_shape(user) for user in current_world().state.users.values()])


@blueprint.post("/repositories")
def add_repository() -> Response:
    body, world = _body(), current_world()
    known = ("owner", "collaborators", "files", "private", "default_branch")
    made = make_repository(world, _needed(body, "full_name"), **{k: body[k] for k in known if k in body})
    return json_answer(repository_shape(world, made), 201)


@blueprint.get("/repositories")
def repositories() -> Response:
    world = current_world()
    return json_answer([repository_shape(world, repo) for repo in world.state.repositories.values()])


@blueprint.post("/commits")
def add_commit() -> Response:
    """Commit files to a branch as someone: {repository, branch, files, message, user, new_branch?}."""
    body, world = _body(), current_world()
    repository = repository_named(world, _needed(body, "repository"))
    actor = world.state.user(body["user"]) if "user" in body else repository.owner
    branch = body.get("branch", repository.default_branch)
    with repository.lock:
        sha = pushes.commit_files(
            world,
            repository,
            actor,
            branch,
            _needed(body, "files"),
            body.get("message", "A change"),
            body.get("new_branch"),
        )
    return json_answer({"sha": sha}, 201)


@blueprint.post("/jobs")
def finish_job() -> Response:
    """Let a job of the forge's own CI end on a commit: {repository, sha, name, state, log?}."""
    body, world = _body(), current_world()
    repository = repository_named(world, _needed(body, "repository"))
    sha, name, state = (_needed(body, field) for field in ("sha", "name", "state"))
    return json_answer({"id": jobs.finish_job(world, repository, sha, name, state, body.get("log", ""))}, 201)


@blueprint.get("/log")
def log() -> Response:
    """The calls received, the oldest first; `after` gives those with a greater number."""
    after = int(request.args.get("after", 0))
    return json_answer([entry for entry in list(current_app.config["LOG"]) if entry["n"] > after])


@blueprint.get("/counts")
def counts() -> Response:
    """Calls by verb (method and path, numbers left out), and the deliveries by outcome."""
    world = current_world()
    found = Counter(
        f"{entry['method']} {NUMBER.sub('*', entry['path'])}" for entry in list(current_app.config["LOG"])
    )
    return json_answer(
        {
            "calls": dict(found.most_common()),
            "total": sum(found.values()),
            "deliveries": dict(world.deliveries.counts) | {"pending": world.deliveries.pending()},
            "struck": world.faults.struck,
        }
    )


@blueprint.get("/deliveries")
def deliveries() -> Response:
    """Each delivery that was sent, with its answer and times; `wait` seconds at most for those still due."""
    world = current_world()
    if wait := request.args.get("wait"):
        world.deliveries.wait(float(wait))
    return json_answer({"sent": list(world.deliveries.sent), "pending": world.deliveries.pending()})


@blueprint.get("/deliveries/pending")
def pending_deliveries() -> Response:
    """How many deliveries are still due or on their way."""
    return json_answer({"pending": current_world().deliveries.pending()})


@blueprint.get("/faults")
def faults() -> Response:
    return json_answer(current_world().faults.wanted)


@blueprint.post("/faults")
def set_faults() -> Response:
    """Replace the faults in force; {} ends them all."""
    world = current_world()
    try:
        world.faults.set(_body())
    except (TypeError, ValueError) as error:
        raise Problem(422, str(error)) from None
    return json_answer(world.faults.wanted)


@blueprint.post("/reset")
def reset() -> Response:
    """Forget log, counts and faults; with {"all": true} also users, repositories and hooks."""
    world = current_world()
    world.faults.set({})
    world.deliveries.clear()
    current_app.config["LOG"].clear()
    if (request.get_json(force=True, silent=True) or {}).get("all"):
        world.forget()
    return json_answer({"ok": True})
