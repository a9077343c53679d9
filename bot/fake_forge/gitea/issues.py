"""Gitea's calls about issues, their labels, comments, reactions and history."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from bot.fake_forge import issues
from bot.fake_forge.call import Call, json_answer, route
from bot.fake_forge.common_calls import REPO, edit_milestone_fields
from bot.fake_forge.gitea import shapes
from bot.fake_forge.gitea.routes import blueprint, page
from bot.fake_forge.state import Comment, Issue, Label, Milestone, Problem

Json = dict[str, Any]
ONE = f"{REPO}/issues/<int:number>"


def label_by_id(call: Call, number: Any) -> Label:
    for label in call.repository.labels:
        if label.id == number:
            return label
    raise Problem(404, f"label does not exist [label_id: {number if isinstance(number, int) else 0}]")


def requested_labels(call: Call) -> list[Label]:
    """Labels by number or by name; an unknown name is left out silently, a mixture is refused."""
    requested = call.body.get("labels") or []
    if any(isinstance(item, str) for item in requested) and any(isinstance(item, int) for item in requested):
        raise Problem(400, "labels should be an array of strings or integers")
    labels = call.repository.labels
    if any(isinstance(item, str) for item in requested):
        return [label for label in labels if label.name in requested]
    return [label for label in labels if label.id in requested]


def labels_by_id(call: Call) -> list[Label]:
    requested = call.body.get("labels") or []
    if any(not isinstance(item, int) for item in requested):
        raise Problem(422, "[]: json: cannot unmarshal string into Go struct field .labels of type int64")
    return [label_by_id(call, number) for number in requested]


def milestone_by_id(call: Call, number: Any) -> Milestone | None:
    return next((one for one in call.repository.milestones if one.id == number), None)


def requested_assignees(call: Call) -> list[Any]:
    users = call.world.state.users
    if any(name.lower() not in users for name in call.names("assignees")):
        raise Problem(500, "")
    return [users[name.lower()] for name in call.names("assignees")]


@route(blueprint, "GET", f"{REPO}/assignees")
def list_assignees(call: Call) -> list[Any]:
    """Who may push to the repository."""
    state = call.world.state
    found = [user for user in state.users.values() if state.may(call.repository, user, "write")]
    return [shapes.user(call.world, user) for user in found]


@route(blueprint, "GET", f"{REPO}/issues")
def list_issues(call: Call) -> Response:
    found = select(call, list(call.repository.issues.values()))
    return page(call, found, lambda issue: shapes.issue(call.world, issue))


def select(call: Call, found: list[Issue]) -> list[Issue]:
    """By state, kind, labels (unknown names ignored, the first label of a name counts), since and people."""
    args, since = call.args, call.since()
    state = args.get("state") or "open"
    found = [issue for issue in found if state == "all" or issue.state == state]
    if (kind := args.get("type")) in ("issues", "pulls"):
        found = [issue for issue in found if bool(issue.pull) == (kind == "pulls")]
    names = [name for name in args.get("labels", "").split(",") if name]
    first = {label.name: label for label in reversed(call.repository.labels)}
    if wanted := {first[name] for name in names if name in first}:
        found = [issue for issue in found if wanted <= set(issue.labels)]
    if since:
        found = [issue for issue in found if int(issue.updated) >= since]
    if creator := args.get("created_by"):
        found = [issue for issue in found if issue.author.login == creator]
    if assignee := args.get("assigned_by"):
        found = [issue for issue in found if assignee in [user.login for user in issue.assignees]]
    if word := args.get("q", "").lower():
        found = [issue for issue in found if word in f"{issue.title}\n{issue.body}".lower()]
    return sorted(found, key=lambda issue: -issue.number)


@route(blueprint, "POST", f"{REPO}/issues", "comment")
def add_issue(call: Call) -> tuple[Json, int]:
    labels = labels_by_id(call) if call.may("write") else []
    milestone = milestone_by_id(call, call.body.get("milestone"))
    made = issues.open_issue(
        call.world,
        call.repository,
        call.user,
        call.text("title"),
        call.text("body"),
        labels,
        requested_assignees(call),
        milestone,
    )
    if call.body.get("closed"):
        issues.set_state(call.world, made, call.user, "closed")
    return shapes.issue(call.world, made), 201


@route(blueprint, "PATCH", ONE, "comment")
def edit_issue(call: Call, number: int) -> tuple[Json, int]:
    issue = issues.find(call.repository, number)
    if issue.author is not call.user and not call.may("write"):
        raise Problem(403, "")
    edit_fields(call, issue)
    return shapes.issue(call.world, issue), 201


def edit_fields(call: Call, issue: Issue) -> None:
    world, body, actor = call.world, call.body, call.user
    issues.edit(
        world, issue, actor, call.text("title") or None, call.text("body") if "body" in body else None
    )
    if body.get("assignees") is not None:
        issues.assign(world, issue, actor, requested_assignees(call))
    if body.get("milestone") is not None:
        issues.set_milestone(world, issue, actor, milestone_by_id(call, body["milestone"]))
    if state := call.text("state"):
        issues.set_state(world, issue, actor, state)


@route(blueprint, "DELETE", ONE, "admin")
def delete_issue(call: Call, number: int) -> None:
    issues.delete(call.world, issues.find(call.repository, number), call.user)


@route(blueprint, "GET", f"{REPO}/labels")
def list_labels(call: Call) -> Response:
    found = sorted(call.repository.labels, key=lambda label: label.name)
    return page(call, found, lambda label: shapes.label(call.world, call.repository, label))


@route(blueprint, "POST", f"{REPO}/labels", "write")
def add_label(call: Call) -> tuple[Json, int]:
    name, color = call.text("name"), call.text("color")
    if not name or not color:
        raise Problem(422, f"[{'Color' if name else 'Name'}]: Required")
    color = color.lstrip("#").lower()
    if len(color) not in (3, 6) or set(color) - set("0123456789abcdef"):
        raise Problem(422, f"invalid color: {color}")
    number = call.world.state.next_id("label")
    label = Label(number, name, color, call.text("description"), bool(call.body.get("exclusive")))
    call.repository.labels.append(label)
    return shapes.label(call.world, call.repository, label), 201


@route(blueprint, "GET", f"{REPO}/labels/<int:identity>")
def get_label(call: Call, identity: int) -> Json:
    return shapes.label(call.world, call.repository, label_by_id(call, identity))


@route(blueprint, "PATCH", f"{REPO}/labels/<int:identity>", "write")
def edit_label(call: Call, identity: int) -> Json:
    label = label_by_id(call, identity)
    label.name = call.text("name") or label.name
    label.color = (call.text("color") or label.color).lstrip("#")
    label.description = call.text("description", label.description)
    return shapes.label(call.world, call.repository, label)


@route(blueprint, "DELETE", f"{REPO}/labels/<int:identity>", "write")
def delete_label(call: Call, identity: int) -> None:
    call.repository.labels = [label for label in call.repository.labels if label.id != identity]
    for issue in call.repository.issues.values():
        issue.labels = [label for label in issue.labels if label.id != identity]


@route(blueprint, "GET", f"{ONE}/labels")
def issue_labels(call: Call, number: int) -> Response:
    return _labels(call, issues.find(call.repository, number))


def _labels(call: Call, issue: Issue) -> Response:
    found = sorted(issue.labels, key=lambda label: label.name)
    return json_answer([shapes.label(call.world, call.repository, label) for label in found])


@route(blueprint, "POST", f"{ONE}/labels", "write")
def add_issue_labels(call: Call, number: int) -> Response:
    issue = issues.find(call.repository, number)
    issues.change_labels(call.world, issue, call.user, issue.labels + requested_labels(call), always=True)
    return _labels(call, issue)


@route(blueprint, "PUT", f"{ONE}/labels", "write")
def replace_issue_labels(call: Call, number: int) -> Response:
    issue = issues.find(call.repository, number)
    issues.change_labels(call.world, issue, call.user, requested_labels(call), replaced=True, always=True)
    return _labels(call, issue)


@route(blueprint, "DELETE", f"{ONE}/labels", "write")
def clear_issue_labels(call: Call, number: int) -> None:
    issue = issues.find(call.repository, number)
    issues.change_labels(call.world, issue, call.user, [], cleared=True, always=True)


@route(blueprint, "DELETE", f"{ONE}/labels/<identity>", "write")
def remove_issue_label(call: Call, number: int, identity: str) -> None:
    issue = issues.find(call.repository, number)
    label = next((one for one in call.repository.labels if str(one.id) == identity), None)
    if label is None:
        raise Problem(422, "label does not exist [label_id: 0]")
    rest = [one for one in issue.labels if one is not label]
    issues.change_labels(call.world, issue, call.user, rest, always=True)


@route(blueprint, "GET", f"{REPO}/issues/comments")
def all_comments(call: Call) -> Response:
    since = call.since()
    found = [comment for comment in call.repository.comments.values() if int(comment.updated) >= since]
    answer = page(call, found, lambda comment: shapes.comment(call.world, comment))
    answer.headers.pop("Link", None)
    return answer


@route(blueprint, "GET", f"{ONE}/comments")
def issue_comments(call: Call, number: int) -> Response:
    if number not in call.repository.issues:
        raise Problem(500, "")
    since = call.since()
    found = [one for one in issues.find(call.repository, number).comments if int(one.updated) >= since]
    rows = [shapes.comment(call.world, comment) for comment in found]
    return json_answer(rows, 200, {"X-Total-Count": str(len(rows))})


@route(blueprint, "POST", f"{ONE}/comments", "comment")
def add_comment(call: Call, number: int) -> tuple[Json, int]:
    issue = call.repository.issues.get(number)
    if issue is None:
        raise Problem(500, "")
    return shapes.comment(call.world, issues.comment(call.world, issue, call.user, call.text("body"))), 201


def _comment(call: Call, identity: int, *, own: bool = False) -> Comment:
    comment = issues.find_comment(call.repository, identity)
    if own and comment.author is not call.user:
        call.require("write")
    return comment


@route(blueprint, "PATCH", f"{REPO}/issues/comments/<int:identity>", "comment")
def edit_comment(call: Call, identity: int) -> Json:
    comment = _comment(call, identity, own=True)
    same = comment.body == call.text("body")
    issues.edit_comment(call.world, comment, call.user, call.text("body"))
    # Gitea omits the author in its response to an edit that changes nothing.
    return shapes.comment(call.world, comment) | ({"user": None} if same else {})


@route(blueprint, "DELETE", f"{REPO}/issues/comments/<int:identity>", "comment")
def delete_comment(call: Call, identity: int) -> None:
    issues.delete_comment(call.world, _comment(call, identity, own=True), call.user)


def _reactions(call: Call, place: Issue | Comment) -> Any:
    if request.method == "GET":
        rows = [shapes.reaction(call.world, one) for one in place.reactions]
        return json_answer(rows or None, 200, {"X-Total-Count": str(len(rows))})
    if request.method == "DELETE":
        issues.unreact(place, call.user, call.text("content"))
        return None
    reaction, new = issues.react(call.world, place, call.user, call.text("content"))
    return shapes.reaction(call.world, reaction), 201 if new else 200


@route(blueprint, "GET", f"{ONE}/reactions")
@route(blueprint, "POST DELETE", f"{ONE}/reactions", "comment")
def issue_reactions(call: Call, number: int) -> Any:
    return _reactions(call, issues.find(call.repository, number))


@route(blueprint, "GET", f"{REPO}/issues/comments/<int:identity>/reactions")
@route(blueprint, "POST DELETE", f"{REPO}/issues/comments/<int:identity>/reactions", "comment")
def comment_reactions(call: Call, identity: int) -> Any:
    return _reactions(call, _comment(call, identity))


@route(blueprint, "GET", f"{ONE}/timeline")
def timeline(call: Call, number: int) -> Response:
    issue, since = issues.find(call.repository, number), call.since()
    found = [line for line in issue.history if line.at >= since]
    return page(call, found, lambda line: shapes.moment(call.world, issue, line))


@route(blueprint, "GET", f"{REPO}/milestones")
def list_milestones(call: Call) -> Response:
    state, name = call.args.get("state") or "open", call.args.get("name")
    found = [one for one in call.repository.milestones if state in ("all", one.state)]
    return page(call, [one for one in found if not name or one.title == name], shapes.milestone)


@route(blueprint, "POST", f"{REPO}/milestones", "write")
def add_milestone(call: Call) -> tuple[Json | None, int]:
    number = call.world.state.next_id("milestone")
    made = Milestone(
        number, len(call.repository.milestones) + 1, call.text("title"), call.text("description")
    )
    made.due = call.body.get("due_on")
    call.repository.milestones.append(made)
    return shapes.milestone(made), 201


@route(blueprint, "PATCH", f"{REPO}/milestones/<int:identity>", "write")
def edit_milestone(call: Call, identity: int) -> Json | None:
    found = milestone_by_id(call, identity)
    if found is None:
        raise Problem(404, "milestone does not exist")
    edit_milestone_fields(call, found)
    return shapes.milestone(found)
