"""One call of the REST API: its caller, repository and permission; and how responses are made."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import math
import urllib.parse
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from bot.fake_forge.state import Problem, Repository, User
from bot.fake_forge.world import World

Json = dict[str, Any]
View = Callable[..., Any]
ADMINS_ONLY = "user should be an owner or a collaborator with admin write of a repository"


def current_world() -> World:
    world = current_app.config["WORLD"]
    assert isinstance(world, World)
    return world


class Moved(Exception):
    """The repository has another name now."""

    def __init__(self, repository: Repository, old: str) -> None:
        super().__init__(repository.full_name)
        self.repository, self.old = repository, old


@dataclass
class Call:
    """The arguments of a view."""

    world: World
    caller: User | None
    target: Repository | None
    body: Json
    args: dict[str, str] = field(default_factory=dict)

    @property
    def user(self) -> User:
        if self.caller is None:
            raise Problem(401, "token is required")
        return self.caller

    @property
    def repository(self) -> Repository:
        assert self.target is not None
        return self.target

    def may(self, level: str) -> bool:
        return self.world.state.may(self.repository, self.caller, level)

    def require(self, level: str, message: str = "") -> None:
        if not self.may(level):
            raise Problem(403, message or "user should have a permission to write to a repo")

    def text(self, name: str, default: str = "") -> str:
        value = self.body.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise Problem(
                422, f"json: cannot unmarshal {type(value).__name__} into field {name} of type string"
            )
        return value

    def names(self, name: str) -> list[str]:
        value = self.body.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Problem(422, f"{name} must be a list of names")
        return value

    def users(self, name: str) -> list[User]:
        return [self.world.state.user(login) for login in self.names(name)]

    def since(self) -> float:
        """The `since` of the query as seconds, 0 without one."""
        text = self.args.get("since", "")
        if not text:
            return 0.0
        try:
            moment = datetime.datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            raise Problem(422, f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00"') from None
        if moment.tzinfo is None:
            raise Problem(422, f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": no time zone')
        return moment.timestamp()


def authenticated_user(world: World) -> User | None:
    """The user of the Authorization header; None without one, Problem if it is wrong."""
    header = request.headers.get("Authorization", "")
    if not header:
        return None
    kind, _, value = header.partition(" ")
    candidates = [value.strip()]
    if kind.lower() == "basic":
        name, _, secret = base64.b64decode(value).decode(errors="replace").partition(":")
        candidates = [secret, name]
    for token in candidates:
        if (user := world.state.tokens.get(token)) is not None:
            g.user = user.login
            return user
    raise Problem(
        401, "Bad credentials" if "/api/github" in request.path else "invalid username, password or token"
    )


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, content_type="application/json;charset=utf-8")


def answer(result: Any) -> Response:
    """A view's result as a response: a response, (body, status), a body, or None for 204."""
    if isinstance(result, Response):
        return result
    if result is None:
        return Response("", 204)
    if isinstance(result, tuple):
        return json_answer(*result)
    return json_answer(result)


def _target(world: World, owner: str, name: str, caller: User | None) -> Repository:
    found = world.state.repository(owner, name)
    if found is None:
        moved = world.state.moved.get(f"{owner}/{name}".lower())
        if moved is not None and world.state.may(moved, caller, "read"):
            raise Moved(moved, f"{owner}/{name}")
    if found is None or not world.state.may(found, caller, "read"):
        raise Problem(404, "")
    return found


def route(blueprint: Blueprint, methods: str, path: str, needs: str = "read") -> Callable[[View], View]:
    """Make a view of `function(call, **path values)`.

    `needs` is open (anyone), user (authenticated), or a permission on the repository: read (anyone if it is
    public), comment (read, authenticated), write, admin.
    """
    in_repository = path.startswith("/repos/<owner>/<name>")

    def decorate(function: View) -> View:
        @functools.wraps(function)
        def view(**values: Any) -> Response:
            world = current_world()
            caller = authenticated_user(world)
            target = None
            if in_repository:
                target = _target(world, values.pop("owner"), values.pop("name"), caller)
            if caller is None and needs not in ("open", "read"):
                raise Problem(401, "token is required")
            body = request.get_json(force=True, silent=True) if request.content_length else None
            call = Call(world, caller, target, body if isinstance(body, dict) else {}, request.args.to_dict())
            if target is not None and needs in ("triage", "write", "admin"):
                call.require(needs, ADMINS_ONLY if needs == "admin" else "")
            if isinstance(body, list):
                call.body = {"": body}
            with target.lock if target else nullcontext():
                return answer(function(call, **values))

        endpoint = f"{function.__name__}_{len(blueprint.deferred_functions)}"
        blueprint.add_url_rule(path, endpoint, view, methods=methods.split())
        return function

    return decorate


def page_of(
    call: Call, items: Iterable[Any], render: Callable[[Any], Any], most: int, total: bool
) -> Response:
    """One page of a list, with its Link header; `total` adds X-Total-Count."""
    rows = list(items)
    page = max(1, _number(call.args.get("page"), 1))
    size = min(most, _number(call.args.get("limit") or call.args.get("per_page"), 30) or 30)
    shown = [render(row) for row in rows[(page - 1) * size : page * size]]
    last = max(1, math.ceil(len(rows) / size))
    headers = {"Link": _links(call, page, last)} if last > 1 else {}
    if total:
        headers["X-Total-Count"] = str(len(rows))
    return json_answer(shown, 200, headers)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default


def _links(call: Call, page: int, last: int) -> str:
    wanted = {"next": page + 1, "last": last} if page < last else {}
    if page > 1:
        wanted |= {"first": 1, "prev": page - 1}
    links = []
    for relation, number in wanted.items():
        query = request.args.to_dict() | {"page": str(number)}
        address = f"{call.world.url}{request.path}?{urllib.parse.urlencode(query)}"
        links.append(f'<{address}>; rel="{relation}"')
    return ", ".join(links)
