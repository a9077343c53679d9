"""GitHub's blueprint, its pagination and its error responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from flask import Blueprint, Response, request

from bot.fake_forge.call import Call, Moved, current_world, json_answer, page_of
from bot.fake_forge.state import Problem

blueprint = Blueprint("github", __name__, url_prefix="/api/github")
DOCUMENTATION = "https://docs.github.com/rest"
# GitHub's own messages, where a program might read them.
WORDS = {401: "Requires authentication", 404: "Not Found", 500: "Server Error"}


class Invalid(Problem):
    """A body that GitHub refuses with its list of errors."""

    def __init__(self, resource: str, code: str, field: str = "", message: str = "") -> None:
        super().__init__(422, "Validation Failed")
        self.errors = [
            {
                key: value
                for key, value in (
                    ("resource", resource),
                    ("code", code),
                    ("field", field),
                    ("message", message),
                )
                if value
            }
        ]


def invalid(resource: str, code: str, field: str = "", message: str = "") -> NoReturn:
    raise Invalid(resource, code, field, message)


def page(call: Call, items: Iterable[Any], render: Callable[[Any], Any]) -> Response:
    return page_of(call, items, render, most=100, total=False)


@blueprint.errorhandler(Problem)
def problem(error: Problem) -> Response:
    message = WORDS.get(error.status, error.message)
    if error.status == 401 and error.message == "Bad credentials":
        message = error.message
    body: dict[str, Any] = {
        "message": message,
        "documentation_url": DOCUMENTATION,
        "status": str(error.status),
    }
    if isinstance(error, Invalid):
        body["errors"] = error.errors
    return json_answer(body, error.status)


@blueprint.errorhandler(Moved)
def moved(error: Moved) -> Response:
    """A renamed repository: to its address by number."""
    rest = request.path.split(error.old, 1)[1]
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    url = f"{current_world().url}/api/github/repositories/{error.repository.id}{rest}{query}"
    body = {"message": "Moved Permanently", "url": url, "documentation_url": DOCUMENTATION}
    return json_answer(body, 301, {"Location": url})


@blueprint.after_request
def limits(response: Response) -> Response:
    response.headers["X-RateLimit-Limit"] = "5000"
    response.headers["X-RateLimit-Remaining"] = "4999"
    response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
    return response
