"""Git over HTTP: clone, fetch and push by `git http-backend`; a push emits events as any change does."""

from __future__ import annotations

import gzip
import subprocess

from flask import Blueprint, Response, request

from bot.fake_forge import git, pushes
from bot.fake_forge.call import authenticated_user, current_world
from bot.fake_forge.state import Problem, Repository, User
from bot.fake_forge.world import World

blueprint = Blueprint("git", __name__)
Command = tuple[str, str, str]


@blueprint.errorhandler(Problem)
def problem(error: Problem) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="forge"'} if error.status == 401 else {}
    return Response(error.message, error.status, headers, content_type="text/plain")


@blueprint.get("/<owner>/<name>/info/refs")
def info_refs(owner: str, name: str) -> Response:
    service = request.args.get("service", "git-upload-pack")
    _, repository, user = _entered(owner, name, service)
    return _backend(repository, user, "/info/refs", b"", {})


@blueprint.post("/<owner>/<name>/git-upload-pack")
def upload_pack(owner: str, name: str) -> Response:
    _, repository, user = _entered(owner, name, "git-upload-pack")
    return _backend(repository, user, "/git-upload-pack", _body(), {})


@blueprint.post("/<owner>/<name>/git-receive-pack")
def receive_pack(owner: str, name: str) -> Response:
    world, repository, user = _entered(owner, name, "git-receive-pack")
    assert user is not None
    body = _body()
    commands = pushed_refs(body)
    answer = _backend(repository, user, "/git-receive-pack", body, _protected(repository, commands))
    with repository.lock:
        for old, new, ref in commands:
            if (git.read_ref(repository.folder, ref) or git.ZERO) == new:
                pushes.moved(world, repository, user, ref, old, new)
    return answer


def _entered(owner: str, name: str, service: str) -> tuple[World, Repository, User | None]:
    """The repository, if the caller has the permission."""
    world = current_world()
    user = authenticated_user(world)
    path = f"{owner}/{name.removesuffix('.git')}"
    found = world.state.repositories.get(path.lower()) or world.state.moved.get(path.lower())
    if found is None or not world.state.may(found, user, "read"):
        raise Problem(404 if user else 401, "Not found.")
    if service == "git-receive-pack":
        if user is None:
            raise Problem(401, "Unauthorized")
        if not world.state.may(found, user, "write") or found.archived:
            raise Problem(403, "User permission denied for writing.")
    return world, found, user


def _body() -> bytes:
    data = request.get_data()
    return gzip.decompress(data) if request.headers.get("Content-Encoding") == "gzip" else data


def pushed_refs(body: bytes) -> list[Command]:
    """The (old, new, ref) lines at the head of what a push sends."""
    commands, place = [], 0
    while place + 4 <= len(body):
        size = int(body[place : place + 4], 16)
        if size == 0:
            break
        line = body[place + 4 : place + size].partition(b"\0")[0].decode().rstrip("\n")
        place += size
        parts = line.split(" ", 2)
        if len(parts) == 3 and len(parts[0]) == 40:
            commands.append((parts[0], parts[1], parts[2]))
    return commands


def _protected(repository: Repository, commands: list[Command]) -> dict[str, str]:
    names = []
    for _, _, ref in commands:
        rule = pushes.protection_of(repository, ref.removeprefix("refs/heads/"))
        if rule is not None and not rule.get("enable_push"):
            names.append(ref)
    return {"FAKE_FORGE_PROTECTED": " ".join(names)} if names else {}


def _backend(
    repository: Repository, user: User | None, path: str, body: bytes, more: dict[str, str]
) -> Response:
    environment = git.ENVIRONMENT | {
        "GIT_PROJECT_ROOT": str(repository.folder.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.folder.name}{path}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode(),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_USER": user.login if user else "",
        "REMOTE_ADDR": request.remote_addr or "",
    }
    done = subprocess.run(
        ["git", "http-backend"], input=body, capture_output=True, env=environment | more, check=False
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
    status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
    if done.returncode and not head:
        raise Problem(500, done.stderr.decode(errors="replace"))
    return Response(content, status, [(name, value) for name, value in headers if name != "Status"])
