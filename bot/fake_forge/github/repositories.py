"""GitHub's calls about users, repositories, collaborators, branches and files."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response, request

from bot.fake_forge import git, pushes
from bot.fake_forge.call import Call, route
from bot.fake_forge.common_calls import REPO, edit_repository_fields, tree_entries
from bot.fake_forge.github import shapes
from bot.fake_forge.github.routes import blueprint, invalid, page
from bot.fake_forge.state import Problem, Repository, User
from bot.fake_forge.world import ForgeEvent

Json = dict[str, Any]
MERGE_STYLES = {"allow_merge_commit": "merge", "allow_squash_merge": "squash", "allow_rebase_merge": "rebase"}


@route(blueprint, "GET", "/meta", "open")
def meta(call: Call) -> Json:
    return {"verifiable_password_authentication": False}


@route(blueprint, "GET", "/rate_limit", "open")
def rate_limit(call: Call) -> Json:
    return {"rate": {"limit": 5000, "remaining": 4999, "used": 1, "reset": 0}}


@route(blueprint, "POST", "/user/repos", "user")
def add_repository(call: Call) -> tuple[Json, int]:
    return _add(call, call.user)


@route(blueprint, "POST", "/orgs/<owner>/repos", "user")
def add_repository_for(call: Call, owner: str) -> tuple[Json, int]:
    return _add(call, call.world.state.add_user(owner, organization=True))


def _add(call: Call, owner: User) -> tuple[Json, int]:
    name = call.text("name")
    files: dict[str, str | bytes | None] = {"README.md": f"# {name}\n"} if call.body.get("auto_init") else {}
    if call.world.state.repository(owner.login, name):
        invalid("Repository", "custom", "name", "name already exists on this account")
    private = bool(call.body.get("private"))
    made = call.world.add_repository(owner, name, private=private, files=files, actor=call.user)
    if owner is not call.user:
        made.collaborators[call.user.login.lower()] = "admin"
    return shapes.repository(call.world, made, call.user), 201


@route(blueprint, "GET", "/user/repos", "user")
def my_repositories(call: Call) -> Response:
    login, found = call.user.login.lower(), list(call.world.state.repositories.values())
    mine = [repo for repo in found if repo.owner is call.caller or login in repo.collaborators]
    mine.sort(key=lambda repo: repo.full_name.lower())
    return page(call, mine, lambda repo: shapes.repository(call.world, repo, call.caller))


@route(blueprint, "PATCH", REPO, "admin")
def edit_repository(call: Call) -> Json:
    repo, body = call.repository, call.body
    if (name := call.text("name")) and name != repo.name:
        old = repo.name
        call.world.rename(repo, name)
        more = {"changes": {"repository": {"name": {"from": old}}}}
        call.world.emit(ForgeEvent("repository_renamed", repo, call.user, more=more))
    edit_repository_fields(call, MERGE_STYLES)
    repo.delete_branch = bool(body.get("delete_branch_on_merge", repo.delete_branch))
    return shapes.repository(call.world, repo, call.caller)


@route(blueprint, "DELETE", REPO, "admin")
def delete_repository(call: Call) -> None:
    call.world.emit(ForgeEvent("repository_deleted", call.repository, call.user))
    del call.world.state.repositories[call.repository.full_name.lower()]


@route(blueprint, "GET", f"{REPO}/collaborators", "write")
def collaborators(call: Call) -> Response:
    people = [call.world.state.user(login) for login in call.repository.collaborators]
    return page(call, people, lambda person: shapes.user(call.world, person))


@route(blueprint, "GET", f"{REPO}/collaborators/<login>", "write")
def is_collaborator(call: Call, login: str) -> None:
    if login.lower() not in call.repository.collaborators:
        raise Problem(404, "")


@route(blueprint, "PUT", f"{REPO}/collaborators/<login>", "admin")
def add_collaborator(call: Call, login: str) -> None:
    levels = {"pull": "read", "push": "write"}
    permission = call.text("permission", "push")
    call.repository.collaborators[call.world.state.user(login).login.lower()] = levels.get(
        permission, permission
    )


@route(blueprint, "GET", "/user/repository_invitations", "user")
def invitations(call: Call) -> list[Json]:
    """Nobody waits for an invitation here: who is invited is in."""
    return []


@route(blueprint, "GET", f"{REPO}/collaborators/<login>/permission", "user")
def permission(call: Call, login: str) -> Json:
    call.require("write", "Must have push access to view collaborator permission.")
    person = call.world.state.user(login)
    word, role = shapes.role(call.world, call.repository, person)
    shown = shapes.user(call.world, person)
    return {"permission": word, "role_name": role, "user": {**(shown or {}), "role_name": role}}


def _branch(call: Call, name: str, sha: str, *, full: bool = False) -> Json:
    commit: Json = {
        "sha": sha,
        "url": f"{shapes.api(call.world)}/repos/{call.repository.full_name}/commits/{sha}",
    }
    if full:
        found = git.commits(call.repository.folder, sha, limit=1, files=False)[0]
        commit = shapes.commit(call.world, call.repository, found)
    rule = pushes.protection_of(call.repository, name) or {}
    contexts: list[Any] = []
    level = "off"
    if rule.get("enable_status_check"):
        contexts = list(rule["status_check_contexts"])
        level = "everyone" if rule["enforce_admins"] else "non_admins"
    required = {
        "enforcement_level": level,
        "contexts": contexts,
        "checks": [{"context": context, "app_id": None} for context in contexts],
    }
    return {
        "name": name,
        "commit": commit,
        "protected": bool(rule),
        "protection": {"enabled": bool(rule), "required_status_checks": required},
    }


@route(blueprint, "GET", f"{REPO}/rules/branches/<path:branch>")
def rules(call: Call, branch: str) -> Response:
    """There are no rulesets here."""
    return page(call, [], lambda rule: rule)


@route(blueprint, "GET", f"{REPO}/branches")
def branches(call: Call) -> Response:
    heads = git.branches(call.repository.folder)
    return page(call, heads, lambda name: _branch(call, name, heads[name]))


@route(blueprint, "GET", f"{REPO}/branches/<path:branch>")
def branch(call: Call, branch: str) -> Json:
    sha = git.branch(call.repository.folder, branch)
    if sha is None:
        raise Problem(404, "Branch not found")
    return _branch(call, branch, sha, full=True)


@route(blueprint, "POST", f"{REPO}/branches/<path:branch>/rename", "admin")
def rename_branch(call: Call, branch: str) -> tuple[Json, int]:
    new = call.text("new_name")
    sha = pushes.rename_branch(call.world, call.repository, call.user, branch, new)
    return _branch(call, new, sha, full=True), 201


@route(blueprint, "GET PUT DELETE", f"{REPO}/branches/<path:branch>/protection", "admin")
def protection(call: Call, branch: str) -> Json | None:
    rules = call.repository.protections
    if request.method == "PUT":
        wanted = ("required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions")
        if absent := [name for name in wanted if name not in call.body]:
            raise Problem(422, f'Invalid request.\n\n"{absent[0]}" wasn\'t supplied.')
        checks = call.body.get("required_status_checks") or {}
        reviews = call.body.get("required_pull_request_reviews") or {}
        contexts = checks.get("contexts") or [one["context"] for one in checks.get("checks") or []]
        rules[branch] = {
            "enable_status_check": bool(contexts),
            "status_check_contexts": contexts,
            "names_are_exact": True,
            "enforce_admins": bool(call.body["enforce_admins"]),
            "required_approvals": reviews.get("required_approving_review_count", 0),
            "dismiss_stale_approvals": reviews.get("dismiss_stale_reviews", False),
            "given": call.body,
        }
    if branch not in rules:
        raise Problem(404, "Branch not protected")
    if request.method == "DELETE":
        del rules[branch]
        return None
    return dict(rules[branch].get("given", {}))


@route(blueprint, "POST", f"{REPO}/git/refs", "write")
def add_ref(call: Call) -> tuple[Json, int]:
    ref, sha = call.text("ref"), call.text("sha")
    if not ref.startswith("refs/heads/") or git.resolve(call.repository.folder, sha) is None:
        raise Problem(
            422,
            "Object does not exist" if ref.startswith("refs/") else "Reference name must start with 'refs/'",
        )
    if git.read_ref(call.repository.folder, ref):
        raise Problem(422, "Reference already exists")
    pushes.create_branch(call.world, call.repository, call.user, ref.removeprefix("refs/heads/"), sha)
    return _ref(ref, sha), 201


def _ref(ref: str, sha: str) -> Json:
    return {"ref": ref, "object": {"type": "commit", "sha": sha}}


@route(blueprint, "GET", f"{REPO}/git/ref/<path:ref>")
@route(blueprint, "GET", f"{REPO}/git/refs/<path:ref>")
def get_ref(call: Call, ref: str) -> Json:
    sha = git.read_ref(call.repository.folder, f"refs/{ref}")
    if sha is None:
        raise Problem(404, "")
    return _ref(f"refs/{ref}", sha)


@route(blueprint, "DELETE", f"{REPO}/git/refs/heads/<path:branch>", "write")
def delete_ref(call: Call, branch: str) -> None:
    if git.branch(call.repository.folder, branch) is None:
        raise Problem(422, "Reference does not exist")
    pushes.delete_branch(call.world, call.repository, call.user, branch)


def _commit_of(repo: Repository, name: str) -> str:
    sha = git.resolve(repo.folder, name)
    if sha is None:
        raise Problem(404, f"No commit found for the ref {name}")
    return sha


@route(blueprint, "GET", f"{REPO}/contents")
@route(blueprint, "GET", f"{REPO}/contents/<path:path>")
def contents(call: Call, path: str = "") -> Any:
    repo = call.repository
    sha = _commit_of(repo, call.args.get("ref") or repo.default_branch)
    content = git.read_file(repo.folder, sha, path) if path else None
    if content is None:
        rows = git.tree(repo.folder, sha, path)
        if not rows and path:
            raise Problem(404, "")
        return [_entry(*row) for row in rows]
    if "raw" in request.headers.get("Accept", ""):
        return Response(content, content_type="application/vnd.github.raw; charset=utf-8")
    blob = git.git(repo.folder, "rev-parse", f"{sha}:{path}").decode().strip()
    more = {"encoding": "base64", "content": base64.encodebytes(content).decode()}
    return _entry("blob", blob, path, len(content)) | more


def _entry(kind: str, sha: str, path: str, size: int) -> Json:
    name = path.rpartition("/")[2]
    return {"name": name, "path": path, "sha": sha, "size": size, "type": "file" if kind == "blob" else "dir"}


@route(blueprint, "PUT DELETE", f"{REPO}/contents/<path:path>", "write")
def write_file(call: Call, path: str) -> tuple[Json, int]:
    """Write or delete one file by a commit; a change must name the blob that it replaces."""
    repo = call.repository
    branch = call.text("branch") or repo.default_branch
    head = git.branch(repo.folder, branch)
    current = git.read_file(repo.folder, head, path) if head else None
    if current is not None and head:
        blob = git.git(repo.folder, "rev-parse", f"{head}:{path}").decode().strip()
        if not call.text("sha"):
            raise Problem(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if call.text("sha") != blob:
            raise Problem(409, f"{path} does not match {blob}")
    content = None if request.method == "DELETE" else base64.b64decode(call.text("content"))
    message = call.text("message") or f"Change {path}"
    sha = pushes.commit_files(call.world, repo, call.user, branch, {path: content}, message)
    body = {
        "content": _entry("blob", "", path, len(content or b"")),
        "commit": {"sha": sha, "message": message},
    }
    return body, 201 if current is None else 200


@route(blueprint, "GET", f"{REPO}/git/trees/<path:sha>")
def tree(call: Call, sha: str) -> Json:
    commit = _commit_of(call.repository, sha)
    entries = tree_entries(call, commit)
    return {"sha": commit, "tree": entries, "truncated": False}


@route(blueprint, "GET", f"{REPO}/activity")
def activity(call: Call) -> Response:
    ref = call.args.get("ref", "")
    found = [one for one in reversed(call.repository.activity) if ref in ("", one.ref)]
    return page(call, found, lambda one: shapes.activity(call.world, one))


@route(blueprint, "GET", f"{REPO}/commits")
def commits(call: Call) -> Response:
    repo = call.repository
    if not git.branches(repo.folder):
        raise Problem(409, "Git Repository is empty.")
    start = _commit_of(repo, call.args.get("sha") or repo.default_branch)
    found = git.commits(repo.folder, start, limit=1000, files=False)
    return page(call, found, lambda one: shapes.commit(call.world, repo, one))


@route(blueprint, "GET", f"{REPO}/commits/<path:ref>")
def commit(call: Call, ref: str) -> Json:
    sha = _commit_of(call.repository, ref)
    return shapes.commit(call.world, call.repository, git.commits(call.repository.folder, sha, limit=1)[0])


@route(blueprint, "GET PUT", f"{REPO}/topics")
def topics(call: Call) -> Json:
    if request.method == "PUT":
        call.require("admin")
        call.repository.topics = call.names("names")
    return {"names": call.repository.topics}
