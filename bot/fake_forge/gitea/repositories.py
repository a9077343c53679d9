"""Gitea's calls about users, repositories, collaborators, branches, files and hooks."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response, request

from bot.fake_forge import git, pushes
from bot.fake_forge.call import Call, json_answer, route
from bot.fake_forge.common_calls import REPO, edit_repository_fields, tree_entries
from bot.fake_forge.gitea import shapes
from bot.fake_forge.gitea.routes import blueprint, page
from bot.fake_forge.state import Problem, Repository, User
from bot.fake_forge.world import ForgeEvent

Json = dict[str, Any]
MERGE_STYLES = {
    "allow_merge_commits": "merge",
    "allow_rebase": "rebase",
    "allow_rebase_explicit": "rebase-merge",
    "allow_squash_merge": "squash",
    "allow_fast_forward_only_merge": "fast-forward-only",
}


@route(blueprint, "GET", "/version", "open")
def version(call: Call) -> Json:
    return {"version": "1.26.0"}


@route(blueprint, "GET", "/settings/api", "open")
def settings(call: Call) -> Json:
    return {"max_response_items": 50, "default_paging_num": 30, "default_git_trees_per_page": 1000}


@route(blueprint, "POST", "/admin/users", "user")
def add_user(call: Call) -> tuple[Json | None, int]:
    if not call.user.admin:
        raise Problem(403, "")
    return shapes.user(call.world, call.world.state.add_user(call.text("username"))), 201


@route(blueprint, "POST", "/orgs", "user")
def add_organization(call: Call) -> tuple[Json, int]:
    made = call.world.state.add_user(call.text("username"), organization=True)
    return {"id": made.id, "name": made.login, "username": made.login, "full_name": ""}, 201


@route(blueprint, "POST", "/user/repos", "user")
def add_repository(call: Call) -> tuple[Json, int]:
    return _add(call, call.user)


@route(blueprint, "POST", "/orgs/<owner>/repos", "user")
@route(blueprint, "POST", "/admin/users/<owner>/repos", "user")
def add_repository_for(call: Call, owner: str) -> tuple[Json, int]:
    return _add(call, call.world.state.user(owner))


def _add(call: Call, owner: User) -> tuple[Json, int]:
    name = call.text("name")
    files: dict[str, str | bytes | None] = {"README.md": f"# {name}\n"} if call.body.get("auto_init") else {}
    made = call.world.add_repository(
        owner,
        name,
        private=bool(call.body.get("private")),
        default_branch=call.text("default_branch") or "main",
        files=files,
        actor=call.user,
    )
    return shapes.repository(call.world, made, call.user), 201


@route(blueprint, "GET", "/user/repos", "user")
def my_repositories(call: Call) -> Response:
    mine = [repo for repo in _all(call) if _is_mine(call, repo)]
    return page(call, mine, lambda repo: shapes.repository(call.world, repo, call.caller))


def _is_mine(call: Call, repo: Repository) -> bool:
    return repo.owner is call.caller or call.user.login.lower() in repo.collaborators


def _all(call: Call) -> list[Repository]:
    state = call.world.state
    found = [repo for repo in list(state.repositories.values()) if state.may(repo, call.caller, "read")]
    return sorted(found, key=lambda repo: repo.full_name.lower())


@route(blueprint, "GET", "/repos/search", "open")
def search(call: Call) -> Response:
    word = call.args.get("q", "").lower()
    found = [repo for repo in _all(call) if word in repo.full_name.lower()]
    answer = page(call, found, lambda repo: shapes.repository(call.world, repo, call.caller))
    answer.set_data(b'{"ok":true,"data":' + answer.get_data() + b"}")
    return answer


@route(blueprint, "PATCH", REPO, "admin")
def edit_repository(call: Call) -> Json:
    repo, body = call.repository, call.body
    if (name := call.text("name")) and name != repo.name:
        call.world.rename(repo, name)
    edit_repository_fields(call, MERGE_STYLES)
    repo.merge_style = call.text("default_merge_style", repo.merge_style)
    repo.delete_branch = bool(body.get("default_delete_branch_after_merge", repo.delete_branch))
    return shapes.repository(call.world, repo, call.caller)


@route(blueprint, "DELETE", REPO, "admin")
def delete_repository(call: Call) -> None:
    # Its own hooks go with it: only those above it hear of the end.
    call.repository.hooks.clear()
    call.world.emit(ForgeEvent("repository_deleted", call.repository, call.user))
    del call.world.state.repositories[call.repository.full_name.lower()]


@route(blueprint, "POST", f"{REPO}/transfer", "admin")
def transfer(call: Call) -> tuple[Json, int]:
    call.world.rename(call.repository, call.repository.name, call.world.state.user(call.text("new_owner")))
    return shapes.repository(call.world, call.repository, call.caller), 202


@route(blueprint, "GET", f"{REPO}/collaborators")
def collaborators(call: Call) -> Response:
    people = [call.world.state.user(login) for login in call.repository.collaborators]
    return page(call, people, lambda person: shapes.user(call.world, person))


@route(blueprint, "GET", f"{REPO}/collaborators/<login>")
def is_collaborator(call: Call, login: str) -> None:
    call.world.state.user(login)
    if login.lower() not in call.repository.collaborators:
        raise Problem(404, "")


@route(blueprint, "PUT", f"{REPO}/collaborators/<login>", "admin")
def add_collaborator(call: Call, login: str) -> None:
    person = call.world.state.user(login)
    call.repository.collaborators[person.login.lower()] = call.text("permission", "write")


@route(blueprint, "GET", f"{REPO}/collaborators/<login>/permission", "user")
def permission(call: Call, login: str) -> Json:
    if not call.may("admin") and call.user.login.lower() != login.lower():
        raise Problem(
            403,
            "Only admins can query all permissions, repo admins can query all repo permissions, "
            "collaborators can query only their own",
        )
    person = call.world.state.user(login)
    level = call.world.state.level(call.repository, person)
    return {"permission": level, "role_name": level, "user": shapes.user(call.world, person)}


@route(blueprint, "GET", f"{REPO}/branches")
def branches(call: Call) -> Response:
    heads = git.branches(call.repository.folder)
    if not heads:
        return json_answer(None, 200, {"X-Total-Count": "0"})
    return page(call, heads, lambda name: _branch(call, name, heads[name]))


@route(blueprint, "GET", f"{REPO}/branches/<path:branch>")
def branch(call: Call, branch: str) -> Json:
    sha = git.branch(call.repository.folder, branch)
    if sha is None:
        raise Problem(404, "")
    return _branch(call, branch, sha)


def _branch(call: Call, name: str, sha: str) -> Json:
    commit = git.commits(call.repository.folder, sha, limit=1, files=False)[0]
    rule = pushes.protection_of(call.repository, name)
    return {
        "name": name,
        "commit": shapes.commit_meta(call.world, call.repository, commit)
        | {"added": None, "removed": None, "modified": None},
        "protected": rule is not None,
        "required_approvals": rule.get("required_approvals", 0) if rule else 0,
        "enable_status_check": bool(rule and rule.get("enable_status_check")),
        "status_check_contexts": rule.get("status_check_contexts", []) if rule else [],
        "user_can_push": call.may("write") and rule is None,
        "user_can_merge": call.may("write"),
    }


@route(blueprint, "POST", f"{REPO}/branches", "write")
def add_branch(call: Call) -> tuple[Json, int]:
    name = call.text("new_branch_name")
    start = call.text("old_ref_name") or call.text("old_branch_name") or call.repository.default_branch
    sha = pushes.create_branch(call.world, call.repository, call.user, name, start)
    return _branch(call, name, sha), 201


@route(blueprint, "PATCH", f"{REPO}/branches/<path:branch>", "write")
def rename_branch(call: Call, branch: str) -> None:
    pushes.rename_branch(call.world, call.repository, call.user, branch, call.text("name"))


@route(blueprint, "DELETE", f"{REPO}/branches/<path:branch>", "write")
def remove_branch(call: Call, branch: str) -> None:
    pushes.delete_branch(call.world, call.repository, call.user, branch)


def _commit_of(call: Call) -> str:
    name = call.args.get("ref") or call.repository.default_branch
    sha = git.resolve(call.repository.folder, name)
    if sha is None:
        raise Problem(404, f"object does not exist [id: {name}, rel_path: ]")
    return sha


@route(blueprint, "GET", f"{REPO}/raw/<path:path>")
@route(blueprint, "GET", f"{REPO}/media/<path:path>")
def raw(call: Call, path: str) -> Response:
    content = git.read_file(call.repository.folder, _commit_of(call), path)
    if content is None:
        raise Problem(404, f"object does not exist [id: , rel_path: {path}]")
    return Response(content, 200, content_type="text/plain; charset=utf-8")


@route(blueprint, "GET", f"{REPO}/contents")
@route(blueprint, "GET", f"{REPO}/contents/<path:path>")
def contents(call: Call, path: str = "") -> Json | list[Json]:
    sha, folder = _commit_of(call), call.repository.folder
    if not path:
        return [_entry(call, *row) for row in git.tree(folder, sha)]
    content = git.read_file(folder, sha, path)
    if content is None:
        if rows := git.tree(folder, sha, path):
            return [_entry(call, *row) for row in rows]
        raise Problem(404, f"object does not exist [id: , rel_path: {path}]")
    blob = git.git(folder, "rev-parse", f"{sha}:{path}").decode().strip()
    more = {"encoding": "base64", "content": base64.b64encode(content).decode()}
    return _entry(call, "blob", blob, path, len(content)) | more


def _entry(call: Call, kind: str, sha: str, path: str, size: int) -> Json:
    return {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "type": "file" if kind == "blob" else "dir",
        "size": size,
        "encoding": None,
        "content": None,
        "url": f"{call.world.url}/api/v1/repos/{call.repository.full_name}/contents/{path}",
    }


@route(blueprint, "POST PUT DELETE", f"{REPO}/contents/<path:path>", "write")
def write_file(call: Call, path: str) -> tuple[Json, int]:
    """Create (POST), change (PUT) or delete (DELETE) one file by a commit."""
    new = request.method == "POST"
    branch = call.text("branch") or call.repository.default_branch
    old = git.branch(call.repository.folder, branch)
    current = git.read_file(call.repository.folder, old, path) is not None if old else False
    if new and current:
        raise Problem(422, f"repository file already exists [path: {path}]")
    if not new and not current:
        raise Problem(404, f"file does not exist [path: {path}]")
    content = None if request.method == "DELETE" else base64.b64decode(call.text("content"))
    return _commit(call, branch, {path: content}), 201 if new else 200


@route(blueprint, "POST", f"{REPO}/contents", "write")
def write_files(call: Call) -> tuple[Json, int]:
    branch = call.text("branch") or call.repository.default_branch
    files: dict[str, str | bytes | None] = {}
    for change in call.body.get("files", []):
        deleted = change.get("operation") == "delete"
        files[change["path"]] = None if deleted else base64.b64decode(change.get("content", ""))
    return _commit(call, branch, files), 201


def _commit(call: Call, branch: str, files: dict[str, str | bytes | None]) -> Json:
    message = call.text("message") or f"Change {', '.join(files)}"
    new_branch = call.text("new_branch") or None
    sha = pushes.commit_files(call.world, call.repository, call.user, branch, files, message, new_branch)
    first = next(iter(files), "")
    return {"commit": {"sha": sha, "message": message}, "content": _entry(call, "blob", "", first, 0)}


@route(blueprint, "GET", f"{REPO}/git/trees/<path:sha>")
def tree(call: Call, sha: str) -> Json:
    commit = git.resolve(call.repository.folder, sha)
    if commit is None:
        raise Problem(404, f"object does not exist [id: {sha}, rel_path: ]")
    entries = tree_entries(call, commit)
    return {"sha": commit, "tree": entries, "truncated": False, "page": 1, "total_count": len(entries)}


@route(blueprint, "GET", f"{REPO}/commits")
def commits(call: Call) -> Response:
    start = git.resolve(call.repository.folder, call.args.get("sha") or call.repository.default_branch)
    if start is None:
        raise Problem(409, "Git Repository is empty.")
    found = git.commits(call.repository.folder, start, limit=1000, files=False)
    return page(call, found, lambda one: commit_shape(call, one))


def commit_shape(call: Call, one: git.Commit) -> Json:
    person = {"name": one.author, "email": one.email, "date": one.date}
    return {
        "sha": one.sha,
        "created": one.date,
        "html_url": f"{call.world.url}/{call.repository.full_name}/commit/{one.sha}",
        "commit": {"message": one.message, "author": person, "committer": person},
        "author": shapes.user(call.world, call.world.state.user_of(one.email)),
        "committer": shapes.user(call.world, call.world.state.user_of(one.committer_email)),
        "parents": [{"sha": parent} for parent in one.parents],
    }


@route(blueprint, "GET", f"{REPO}/topics")
def topics(call: Call) -> Json:
    return {"topics": call.repository.topics}


@route(blueprint, "PUT", f"{REPO}/topics", "admin")
def set_topics(call: Call) -> None:
    call.repository.topics = call.names("topics")
