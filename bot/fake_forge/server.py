"""The app of all dialects: its call log, its faults, and the webhooks sent once a call is answered."""

from __future__ import annotations

import functools
import itertools
import re
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, g, request

from bot.fake_forge import control, git_http, jobs, pages
from bot.fake_forge.call import json_answer
from bot.fake_forge.common_calls import add_common_calls
from bot.fake_forge.gitea import hooks as gitea_hooks
from bot.fake_forge.gitea import issues as gitea_issues
from bot.fake_forge.gitea import pulls as gitea_pulls
from bot.fake_forge.gitea import repositories as gitea_repositories
from bot.fake_forge.gitea import shapes as gitea_shapes
from bot.fake_forge.gitea.routes import blueprint as gitea
from bot.fake_forge.github import checks as github_checks
from bot.fake_forge.github import hooks as github_hooks
from bot.fake_forge.github import issues as github_issues
from bot.fake_forge.github import milestones as github_milestones
from bot.fake_forge.github import pulls as github_pulls
from bot.fake_forge.github import repositories as github_repositories
from bot.fake_forge.github import shapes as github_shapes
from bot.fake_forge.github.routes import blueprint as github
from bot.fake_forge.world import World
from bot.fake_forge.wsgi import App

# Importing them adds their calls to the two blueprints.
LOADED = (
    (gitea_repositories, gitea_issues, gitea_pulls, gitea_hooks),
    (github_repositories, github_issues, github_pulls, github_checks, github_hooks, github_milestones),
)
add_common_calls(gitea, gitea_shapes)
add_common_calls(github, github_shapes)
jobs.add_job_calls(gitea)
jobs.add_job_calls(github)


def make_app(world: World, log_size: int = 50_000) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config["WORLD"] = world
    app.config["LOG"] = deque(maxlen=log_size)
    known = _calls()
    app.url_map, app.view_functions, app.blueprints = known.url_map, known.view_functions, known.blueprints
    app.error_handler_spec = known.error_handler_spec
    for place, functions in known.after_request_funcs.items():
        app.after_request_funcs[place] = [*functions]
    _keep_log(app, world)
    return app


@functools.cache
def _calls() -> Flask:
    """An app that knows every call, made once: reading hundreds of addresses takes a tenth of a second."""
    app = Flask(__name__, static_folder=None)
    for blueprint in (control.blueprint, jobs.storage, gitea, github, git_http.blueprint, pages.blueprint):
        app.register_blueprint(blueprint)
    app.register_error_handler(404, _unknown)
    return app


def _unknown(error: Exception) -> Response:
    """An address that this forge does not know, as JSON."""
    return json_answer({"message": f"unknown endpoint: {request.method} {request.path}"}, 404)


def _keep_log(app: Flask, world: World) -> None:
    """For every call but our own: faults before, a log entry after, its webhooks once it is answered."""
    numbers = itertools.count(1)

    @app.before_request
    def before() -> Response | None:
        g.start, g.wall, g.rule = time.monotonic_ns(), time.time(), None
        world.deliveries.hold()
        if request.path.startswith("/_fake/"):
            return None
        g.rule = rule = world.faults.strike(request.method, request.path)
        if rule and rule.seconds:
            time.sleep(rule.seconds)
        if rule and rule.status and not rule.after:
            return json_answer({"message": rule.message}, rule.status, rule.headers)
        return None

    @app.after_request
    def after(response: Response) -> Response:
        rule = g.rule
        if rule and rule.status and rule.after:
            response = json_answer({"message": rule.message}, rule.status, rule.headers)
        if not request.path.startswith("/_fake/"):
            app.config["LOG"].append(
                {
                    "n": next(numbers),
                    "method": request.method,
                    "path": request.path,
                    "query": request.query_string.decode(),
                    "user": g.get("user"),
                    "ns": g.start,
                    "at": g.wall,
                    "ms": (time.monotonic_ns() - g.start) / 1e6,
                    "status": response.status_code,
                    "fault": rule is not None,
                }
            )
        response.call_on_close(world.deliveries.release)
        return response


def by_number(app: App, world: World) -> App:
    """Let GitHub's /repositories/<id>/… mean the repository of that number, as after a renaming."""
    pattern = re.compile(r"^(/api/github)/repositories/(\d+)(/.*)?$")

    def rewritten(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if match := pattern.match(environ["PATH_INFO"]):
            for repository in list(world.state.repositories.values()):
                if str(repository.id) == match[2]:
                    environ["PATH_INFO"] = f"{match[1]}/repos/{repository.full_name}{match[3] or ''}"
        return app(environ, start_response)

    return rewritten
