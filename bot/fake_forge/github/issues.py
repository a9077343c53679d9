"""GitHub's calls about issues, their labels, comments, reactions and history."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from bot.fake_forge import issues
from bot.fake_forge.call import Call, json_answer, route
from bot.fake_forge.common_calls import REPO
from bot.fake_forge.github import shapes
from bot.fake_forge.github.routes import blueprint, invalid, page
from bot.fake_forge.state import Comment, Issue, Label, Milestone, Problem, User

Json = dict[str, Any]
ONE = f"{REPO}/issues/<int:number>"
LONGEST = 65_536


def find_label(call: Call, name: str) -> Label | None:
    for label in call.repository.labels:
        if label.name.lower() == name.lower():
            return label
    return None


def new_label(call: Call, name: str, color: str = "ededed", description: str = "") -> Label:
    label = Label(call.world.state.next_id("label"), name, color, description)
    call.repository.labels.append(label)
    return label


def labels_named(call: Call, names: list[Any]) -> list[Label]:
    """Labels by name (texts or {name}); missing ones are created silently."""
    texts = [item["name"] if isinstance(item, dict) else str(item) for item in names]
    return [find_label(call, name) or new_label(call, name) for name in texts]


def people(call: Call, logins: list[str]) -> list[User]:
    """Those who may be assigned; others are left out silently."""
    users = [call.world.state.users.get(login.lower()) for login in logins]
    return [user for user in users if user and call.world.state.may(call.repository, user, "read")]


def milestone_numbered(call: Call, number: Any) -> Milestone | None:
    return next((one for one in call.repository.milestones if one.number == number), None)


def check_body(body: str, resource: str) -> str:
    if len(body) > LONGEST:
        invalid(resource, "unprocessable", "body", f"body is too long (maximum is {LONGEST} characters)")
    return body


@route(blueprint, "GET", f"{REPO}/issues")
def list_issues(call: Call) -> Response:
    args, since = call.args, call.since()
    found = list(call.repository.issues.values())
    if (state := args.get("state") or "open") != "all":
        found = [issue for issue in found if issue.state == state]
    for name in filter(None, args.get("labels", "").split(",")):
        found = [
            issue for issue in found if any(label.name.lower() == name.lower() for label in issue.labels)
        ]
    if since:
        found = [issue for issue in found if int(issue.updated) >= since]
    if creator := args.get("creator"):
        found = [issue for issue in found if issue.author.login == creator]
    if (assignee := args.get("assignee")) and assignee != "*":
        found = [issue for issue in found if assignee in [user.login for user in issue.assignees]]
    updated = args.get("sort") == "updated"
    found.sort(
        key=lambda issue: issue.updated if updated else issue.number, reverse=args.get("direction") != "asc"
    )
    return page(call, found, lambda issue: shapes.issue(call.world, issue))


@route(blueprint, "POST", f"{REPO}/issues", "comment")
def add_issue(call: Call) -> tuple[Json, int]:
    if not call.text("title").strip():
        invalid("Issue", "missing_field", "title")
    trusted = call.may("triage")
    made = issues.open_issue(
        call.world,
        call.repository,
        call.user,
        call.text("title"),
        check_body(call.text("body"), "Issue"),
        labels_named(call, call.body.get("labels") or []) if trusted else [],
        people(call, call.names("assignees")) if trusted else [],
        milestone_numbered(call, call.body.get("milestone")) if trusted else None,
    )
    return shapes.issue(call.world, made), 201


@route(blueprint, "PATCH", ONE, "comment")
def edit_issue(call: Call, number: int) -> Json:
    issue = issues.find(call.repository, number)
    if issue.author is not call.user:
        call.require("triage", "Must have admin rights to Repository.")
    edit_fields(call, issue)
    return shapes.issue(call.world, issue)


def edit_fields(call: Call, issue: Issue) -> None:
    world, body, actor = call.world, call.body, call.user
    issues.edit(
        world, issue, actor, call.text("title") or None, call.text("body") if "body" in body else None
    )
    if body.get("labels") is not None and call.may("triage"):
        issues.change_labels(world, issue, actor, labels_named(call, body["labels"]))
    if body.get("assignees") is not None and call.may("triage"):
        issues.assign(world, issue, actor, people(call, call.names("assignees")))
    if "milestone" in body and call.may("triage"):
        issues.set_milestone(world, issue, actor, milestone_numbered(call, body["milestone"]))
    if state := call.text("state"):
        issues.set_state(world, issue, actor, state)


@route(blueprint, "POST DELETE", f"{ONE}/assignees", "write")
def assignees(call: Call, number: int) -> tuple[Json, int]:
    issue, users = issues.find(call.repository, number), people(call, call.names("assignees"))
    rest = [user for user in issue.assignees if user not in users]
    issues.assign(call.world, issue, call.user, rest + (users if request.method == "POST" else []))
    return shapes.issue(call.world, issue), 201 if request.method == "POST" else 200


@route(blueprint, "GET", f"{REPO}/labels")
def list_labels(call: Call) -> Response:
    return page(call, call.repository.labels, lambda label: shapes.label(call.world, call.repository, label))


@route(blueprint, "POST", f"{REPO}/labels", "write")
def add_label(call: Call) -> tuple[Json, int]:
    name, color = call.text("name"), call.text("color", "ededed")
    if not name:
        invalid("Label", "missing_field", "name")
    if find_label(call, name):
        invalid("Label", "already_exists", "name")
    if len(color) not in (3, 6) or set(color.lower()) - set("0123456789abcdef"):
        invalid("Label", "invalid", "color")
    label = new_label(call, name, color, call.text("description"))
    return shapes.label(call.world, call.repository, label), 201


@route(blueprint, "GET", f"{REPO}/labels/<path:label>")
@route(blueprint, "PATCH DELETE", f"{REPO}/labels/<path:label>", "write")
def one_label(call: Call, label: str) -> Json | None:
    found = find_label(call, label)
    if found is None:
        raise Problem(404, "")
    if request.method == "DELETE":
        call.repository.labels.remove(found)
        for issue in call.repository.issues.values():
            issue.labels = [one for one in issue.labels if one is not found]
        return None
    if request.method == "PATCH":
        found.name = call.text("new_name") or found.name
        found.color = call.text("color") or found.color
        found.description = call.text("description", found.description)
    return shapes.label(call.world, call.repository, found)


def _labels(call: Call, issue: Issue) -> Response:
    return json_answer([shapes.label(call.world, call.repository, label) for label in issue.labels])


@route(blueprint, "GET", f"{ONE}/labels")
def issue_labels(call: Call, number: int) -> Response:
    found = issues.find(call.repository, number).labels
    return page(call, found, lambda label: shapes.label(call.world, call.repository, label))


@route(blueprint, "POST PUT DELETE", f"{ONE}/labels", "triage")
def change_issue_labels(call: Call, number: int) -> Response | None:
    issue = issues.find(call.repository, number)
    requested = (
        []
        if request.method == "DELETE"
        else labels_named(call, call.body.get("labels") or call.body.get("") or [])
    )
    current = issue.labels if request.method == "POST" else []
    issues.change_labels(call.world, issue, call.user, current + requested)
    return None if request.method == "DELETE" else _labels(call, issue)


@route(blueprint, "DELETE", f"{ONE}/labels/<path:label>", "triage")
def remove_issue_label(call: Call, number: int, label: str) -> Response:
    issue, found = issues.find(call.repository, number), find_label(call, label)
    if found is None or found not in issue.labels:
        raise Problem(404, "Label does not exist")
    issues.change_labels(call.world, issue, call.user, [one for one in issue.labels if one is not found])
    return _labels(call, issue)


@route(blueprint, "GET", f"{REPO}/issues/comments")
def all_comments(call: Call) -> Response:
    since = call.since()
    found = [comment for comment in call.repository.comments.values() if int(comment.updated) >= since]
    return page(call, found, lambda comment: shapes.comment(call.world, comment))


@route(blueprint, "GET", f"{ONE}/comments")
def issue_comments(call: Call, number: int) -> Response:
    since = call.since()
    found = [one for one in issues.find(call.repository, number).comments if int(one.updated) >= since]
    return page(call, found, lambda comment: shapes.comment(call.world, comment))


@route(blueprint, "POST", f"{ONE}/comments", "comment")
def add_comment(call: Call, number: int) -> tuple[Json, int]:
    body = check_body(call.text("body"), "IssueComment")
    comment = issues.comment(call.world, issues.find(call.repository, number), call.user, body)
    return shapes.comment(call.world, comment), 201


def _comment(call: Call, identity: int, *, own: bool = False) -> Comment:
    comment = issues.find_comment(call.repository, identity)
    if own and comment.author is not call.user:
        call.require("write", "Must have admin rights to Repository.")
    return comment


@route(blueprint, "PATCH", f"{REPO}/issues/comments/<int:identity>", "comment")
def edit_comment(call: Call, identity: int) -> Json:
    comment = _comment(call, identity, own=True)
    issues.edit_comment(call.world, comment, call.user, check_body(call.text("body"), "IssueComment"))
    return shapes.comment(call.world, comment)


@route(blueprint, "DELETE", f"{REPO}/issues/comments/<int:identity>", "comment")
def delete_comment(call: Call, identity: int) -> None:
    issues.delete_comment(call.world, _comment(call, identity, own=True), call.user)


def _reactions(call: Call, place: Issue | Comment) -> Any:
    if request.method == "GET":
        content = call.args.get("content")
        found = [one for one in place.reactions if not content or one.content == content]
        return page(call, found, lambda one: shapes.reaction(call.world, one))
    if call.text("content") not in issues.REACTIONS:
        invalid("Reaction", "invalid", "content")
    reaction, new = issues.react(call.world, place, call.user, call.text("content"))
    return shapes.reaction(call.world, reaction), 201 if new else 200


def _delete_reaction(place: Issue | Comment, call: Call, reaction: int) -> None:
    for one in place.reactions:
        if one.id == reaction and (one.user is call.user or call.may("admin")):
            place.reactions.remove(one)
            return
    raise Problem(404, "")


@route(blueprint, "GET", f"{ONE}/reactions")
@route(blueprint, "POST", f"{ONE}/reactions", "comment")
def issue_reactions(call: Call, number: int) -> Any:
    return _reactions(call, issues.find(call.repository, number))


@route(blueprint, "DELETE", f"{ONE}/reactions/<int:reaction>", "comment")
def delete_issue_reaction(call: Call, number: int, reaction: int) -> None:
    _delete_reaction(issues.find(call.repository, number), call, reaction)


@route(blueprint, "GET", f"{REPO}/issues/comments/<int:identity>/reactions")
@route(blueprint, "POST", f"{REPO}/issues/comments/<int:identity>/reactions", "comment")
def comment_reactions(call: Call, identity: int) -> Any:
    return _reactions(call, _comment(call, identity))


@route(blueprint, "DELETE", f"{REPO}/issues/comments/<int:identity>/reactions/<int:reaction>", "comment")
def delete_comment_reaction(call: Call, identity: int, reaction: int) -> None:
    _delete_reaction(_comment(call, identity), call, reaction)


@route(blueprint, "GET", f"{ONE}/timeline")
def timeline(call: Call, number: int) -> Response:
    issue = issues.find(call.repository, number)
    return page(call, issue.history, lambda line: shapes.moment(call.world, issue, line))


@route(blueprint, "GET", f"{ONE}/events")
def events(call: Call, number: int) -> Response:
    issue = issues.find(call.repository, number)
    found = [line for line in issue.history if line.kind not in ("comment", "review", "pull_push")]
    return page(call, found, lambda line: shapes.moment(call.world, issue, line))
