"""Gitea's blueprint, its pagination and its error responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Response, request

from bot.fake_forge.call import Call, Moved, current_world, json_answer, page_of
from bot.fake_forge.state import Problem

blueprint = Blueprint("gitea", __name__, url_prefix="/api/v1")


def page(call: Call, items: Iterable[Any], render: Callable[[Any], Any]) -> Response:
    return page_of(call, items, render, most=50, total=True)


@blueprint.errorhandler(Problem)
def problem(error: Problem) -> Response:
    body: dict[str, Any] = {"message": error.message, "url": f"{current_world().url}/api/swagger"}
    if error.status == 404:
        body |= {"errors": [error.message] if error.message else None, "message": "not found"}
    return json_answer(body, error.status)


@blueprint.errorhandler(Moved)
def moved(error: Moved) -> Response:
    """A renamed repository: to its new address, relative, for every method."""
    path = request.path.replace(error.old, error.repository.full_name, 1)
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    return Response("", 301, {"Location": path + query})
