"""GitHub's calls about commit statuses and check runs."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from bot.fake_forge import git, pulls
from bot.fake_forge.call import Call, page_of, route
from bot.fake_forge.common_calls import REPO
from bot.fake_forge.github import shapes
from bot.fake_forge.github.routes import blueprint, invalid, page
from bot.fake_forge.state import Check, Problem, Status
from bot.fake_forge.world import ForgeEvent

Json = dict[str, Any]


def _commit(call: Call, name: str) -> str:
    sha = git.resolve(call.repository.folder, name)
    if sha is None:
        raise Problem(422, f"No commit found for SHA: {name}")
    return sha


@route(blueprint, "POST", f"{REPO}/statuses/<sha>", "write")
def add_status(call: Call, sha: str) -> tuple[Json, int]:
    commit = _commit(call, sha)
    if call.text("state") not in ("error", "failure", "pending", "success"):
        invalid("Status", "custom", "state", "state is not included in the list")
    status = Status(
        call.world.state.next_id("status"),
        call.text("state"),
        call.text("context") or "default",
        call.text("description"),
        call.text("target_url"),
        call.user,
    )
    call.repository.statuses[commit].append(status)
    call.world.emit(ForgeEvent("status", call.repository, call.user, more={"status": status, "sha": commit}))
    return shapes.status(call.world, call.repository, commit, status), 201


@route(blueprint, "GET", f"{REPO}/commits/<path:ref>/statuses")
def list_statuses(call: Call, ref: str) -> Response:
    commit = _commit(call, ref)
    found = list(reversed(call.repository.statuses.get(commit, [])))
    return page(call, found, lambda one: shapes.status(call.world, call.repository, commit, one))


@route(blueprint, "GET", f"{REPO}/commits/<path:ref>/status")
def combined_status(call: Call, ref: str) -> Response:
    commit = _commit(call, ref)
    found = pulls.latest_statuses(call.repository, commit)
    states = {one.state for one in found}
    good = bool(states) and states == {"success"}
    state = "failure" if states & {"error", "failure"} else "success" if good else "pending"
    more = {"state": state, "sha": commit, "total_count": len(found)}
    return _inside(
        call, "statuses", found, lambda s: shapes.status(call.world, call.repository, commit, s), more
    )


def _inside(call: Call, key: str, found: list[Any], render: Any, more: Json) -> Response:
    """A page of rows that stands inside an object."""
    answer = page_of(call, found, render, most=100, total=False)
    answer.set_data(_object(more, key, answer.get_data(as_text=True)))
    return answer


def _object(more: Json, key: str, rows: str) -> str:
    return f'{json.dumps(more)[:-1]}, "{key}": {rows}}}'


@route(blueprint, "GET", f"{REPO}/commits/<path:ref>/check-runs")
def list_checks(call: Call, ref: str) -> Response:
    found = call.repository.checks.get(_commit(call, ref), [])
    more = {"total_count": len(found)}
    return _inside(
        call, "check_runs", found, lambda one: shapes.check(call.world, call.repository, one), more
    )


@route(blueprint, "POST", f"{REPO}/check-runs", "write")
def add_check(call: Call) -> tuple[Json, int]:
    sha = _commit(call, call.text("head_sha"))
    conclusion = call.text("conclusion") or None
    status = "completed" if conclusion else call.text("status") or "queued"
    check = Check(call.world.state.next_id("check"), call.text("name"), sha, status, conclusion)
    call.repository.checks[sha] = [one for one in call.repository.checks[sha] if one.name != check.name] + [
        check
    ]
    return _tell(call, check), 201


@route(blueprint, "PATCH", f"{REPO}/check-runs/<int:identity>", "write")
def edit_check(call: Call, identity: int) -> Json:
    for check in [one for found in call.repository.checks.values() for one in found if one.id == identity]:
        check.conclusion = call.text("conclusion") or check.conclusion
        check.status = "completed" if check.conclusion else call.text("status") or check.status
        return _tell(call, check)
    raise Problem(404, "")


def _tell(call: Call, check: Check) -> Json:
    call.world.emit(ForgeEvent("check", call.repository, call.user, more={"check": check}))
    return shapes.check(call.world, call.repository, check)
