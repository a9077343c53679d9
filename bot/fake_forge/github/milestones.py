"""GitHub's calls about milestones, addressed by their numbers."""

from __future__ import annotations

from typing import Any

from flask import Response

from bot.fake_forge.call import Call, route
from bot.fake_forge.common_calls import REPO, edit_milestone_fields
from bot.fake_forge.github import shapes
from bot.fake_forge.github.issues import milestone_numbered
from bot.fake_forge.github.routes import blueprint, invalid, page
from bot.fake_forge.state import Milestone, Problem

Json = dict[str, Any]


@route(blueprint, "GET", f"{REPO}/milestones")
def list_milestones(call: Call) -> Response:
    state = call.args.get("state") or "open"
    found = [one for one in call.repository.milestones if state in ("all", one.state)]
    return page(call, found, shapes.milestone)


@route(blueprint, "POST", f"{REPO}/milestones", "write")
def add_milestone(call: Call) -> tuple[Json | None, int]:
    existing = call.repository.milestones
    if any(one.title == call.text("title") for one in existing):
        invalid("Milestone", "already_exists", "title")
    number = call.world.state.next_id("milestone")
    made = Milestone(number, len(existing) + 1, call.text("title"), call.text("description"))
    made.due = call.body.get("due_on")
    existing.append(made)
    return shapes.milestone(made), 201


@route(blueprint, "PATCH", f"{REPO}/milestones/<int:number>", "write")
def edit_milestone(call: Call, number: int) -> Json | None:
    found = milestone_numbered(call, number)
    if found is None:
        raise Problem(404, "")
    edit_milestone_fields(call, found)
    return shapes.milestone(found)
