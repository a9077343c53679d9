"""Gitea's calls about pull requests, reviews, merges, statuses and protected branches."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from bot.fake_forge import git, pulls
from bot.fake_forge.call import Call, json_answer, route
from bot.fake_forge.common_calls import REPO, pull_shape
from bot.fake_forge.gitea import shapes
from bot.fake_forge.gitea.issues import edit_fields, labels_by_id, requested_assignees, select
from bot.fake_forge.gitea.repositories import commit_shape
from bot.fake_forge.gitea.routes import blueprint, page
from bot.fake_forge.issues import assign, change_labels
from bot.fake_forge.state import STYLES, Issue, Problem, Pull, Status
from bot.fake_forge.world import ForgeEvent

Json = dict[str, Any]
ONE = f"{REPO}/pulls/<int:number>"
EVENTS = {
    "APPROVED": "approved",
    "REQUEST_CHANGES": "changes_requested",
    "COMMENT": "commented",
    "PENDING": "pending",
    "": "pending",
}
REFUSALS = {
    "merged": (405, "The PR is already merged"),
    "closed": (404, ""),
    "forbidden": (405, "User not allowed to merge PR"),
    "draft": (405, "Work in progress PRs cannot be merged"),
    "style": (405, "Invalid merge style"),
    "diverged": (405, "Not possible to fast-forward, abort."),
    "checking": (405, "Please try again later"),
    "conflict": (405, "Please try again later"),
    "protected": (405, "Not all required status checks successful"),
    "head": (409, "head out of date"),
    "base": (409, "merge push out of date"),
}


@route(blueprint, "GET", f"{REPO}/pulls")
def list_pulls(call: Call) -> Response:
    call.args.pop("labels", None)
    found = select(call, call.repository.pulls())
    if call.args.get("sort") == "recentupdate":
        found.sort(key=lambda issue: -issue.updated)

    def render(issue: Issue) -> Json:
        assert issue.pull
        more = {"mergeable": pulls.mergeable(issue, issue.pull), "requested_reviewers": None}
        return pull_shape(shapes, call, issue, full=False) | more

    return page(call, found, render)


@route(blueprint, "POST", f"{REPO}/pulls", "comment")
def add_pull(call: Call) -> tuple[Json, int]:
    head, base = call.text("head").rpartition(":")[2], call.text("base")
    if not call.text("title"):
        raise Problem(422, "[Title]: Required")
    if existing := pulls.between(call.repository, head, base):
        assert existing.pull
        ids = f"id: {existing.pull.id}, issue_id: {existing.id}, head_repo_id: {call.repository.id}, "
        ids += f"base_repo_id: {call.repository.id}, head_branch: {head}, base_branch: {base}"
        raise Problem(409, f"pull request already exists for these targets [{ids}]")
    made = pulls.open_pull(
        call.world,
        call.repository,
        call.user,
        call.text("title"),
        call.text("body"),
        head,
        base,
        labels_by_id(call),
    )
    assert made.pull
    if people := requested_assignees(call):
        assign(call.world, made, call.user, people)
    pulls.request_review(call.world, made, made.pull, call.user, call.users("reviewers"))
    return pull_shape(shapes, call, made) | {"mergeable": True}, 201


@route(blueprint, "GET", ONE)
def get_pull(call: Call, number: int) -> Json:
    return pull_shape(shapes, call, pulls.find(call.repository, number)[0])


@route(blueprint, "GET", f"{REPO}/pulls/<base>/<path:head>")
def get_pull_between(call: Call, base: str, head: str) -> Json:
    found = pulls.between(call.repository, head, base)
    if found is None:
        raise Problem(404, "pull request does not exist")
    return pull_shape(shapes, call, found)


@route(blueprint, "PATCH", ONE, "comment")
def edit_pull(call: Call, number: int) -> tuple[Json, int]:
    issue, pull = pulls.find(call.repository, number)
    if issue.author is not call.user:
        call.require("write")
    if base := call.text("base"):
        pulls.retarget(call.world, issue, pull, call.user, base)
    if call.body.get("labels") is not None:
        change_labels(call.world, issue, call.user, labels_by_id(call))
    edit_fields(call, issue)
    return pull_shape(shapes, call, issue), 201


@route(blueprint, "GET", f"{REPO}/pulls/<int:number>.<any(diff, patch):kind>")
def get_diff(call: Call, number: int, kind: str) -> Response:
    _, pull = pulls.find(call.repository, number)
    return Response(git.diff(call.repository.folder, pull.base_sha, pull.head_sha), content_type="text/plain")


@route(blueprint, "GET", f"{ONE}/files")
def files(call: Call, number: int) -> Response:
    _, pull = pulls.find(call.repository, number)
    rows = git.changed_files(call.repository.folder, pull.base_sha, pull.head_sha)
    status_names = {"modified": "changed", "removed": "deleted"}

    def render(row: tuple[str, int, int, str]) -> Json:
        path, plus, minus, kind = row
        return {
            "filename": path,
            "status": status_names.get(kind, kind),
            "additions": plus,
            "deletions": minus,
            "changes": plus + minus,
        }

    return page(call, rows, render)


@route(blueprint, "GET", f"{ONE}/commits")
def commits(call: Call, number: int) -> Response:
    _, pull = pulls.find(call.repository, number)
    found = git.commits(call.repository.folder, f"{pull.base_sha}..{pull.head_sha}", limit=250, files=False)
    return page(call, found, lambda one: commit_shape(call, one))


@route(blueprint, "POST", f"{ONE}/merge", "comment")
def merge(call: Call, number: int) -> Response:
    issue, pull = pulls.find(call.repository, number)
    style = call.text("Do") or call.text("do")
    if style not in STYLES:
        raise Problem(422, "[Do]: In" if style else "[Do]: Required")
    title = call.text("MergeTitleField") or _merge_title(issue, pull, style)
    message = "\n\n".join(filter(None, [title, call.text("MergeMessageField")])) + "\n"
    delete = call.body.get("delete_branch_after_merge")
    try:
        pulls.merge(
            call.world,
            issue,
            pull,
            call.user,
            style=style,
            head_sha=call.text("head_commit_id"),
            message=message,
            delete_head=call.repository.delete_branch if delete is None else bool(delete),
            force=bool(call.body.get("force_merge")),
        )
    except pulls.MergeRefused as refusal:
        raise Problem(*REFUSALS[refusal.reason]) from None
    return Response("", 200)


def _merge_title(issue: Issue, pull: Pull, style: str) -> str:
    if style == "squash":
        return f"{issue.title} (#{issue.number})"
    return f"Merge pull request '{issue.title}' (#{issue.number}) from {pull.head} into {pull.base}"


@route(blueprint, "POST", f"{ONE}/update", "write")
def update(call: Call, number: int) -> Response:
    issue, pull = pulls.find(call.repository, number)
    try:
        pulls.update(call.world, issue, pull, call.user)
    except pulls.MergeRefused as refusal:
        if refusal.reason == "up to date":
            raise Problem(500, "") from None
        raise Problem(409, "merge failed because of conflict") from None
    return Response("", 200)


@route(blueprint, "GET", f"{ONE}/reviews")
def list_reviews(call: Call, number: int) -> Response:
    issue, pull = pulls.find(call.repository, number)
    found = [one for one in pull.reviews if one.state != "pending" or one.author is call.caller]
    return page(call, found, lambda one: shapes.review(call.world, issue, one))


@route(blueprint, "POST", f"{ONE}/reviews", "comment")
def add_review(call: Call, number: int) -> Json:
    issue, pull = pulls.find(call.repository, number)
    event = call.text("event")
    if event not in EVENTS and not call.text("body"):
        raise Problem(422, f"review event {event} requires a body or a comment")
    lines = [
        {
            "path": line.get("path", ""),
            "line": line.get("new_position") or line.get("old_position") or 0,
            "body": line.get("body", ""),
        }
        for line in call.body.get("comments") or []
    ]
    review = pulls.review(
        call.world,
        issue,
        pull,
        call.user,
        EVENTS.get(event, "pending"),
        call.text("body"),
        call.text("commit_id"),
        lines,
    )
    return shapes.review(call.world, issue, review)


@route(blueprint, "POST", f"{ONE}/reviews/<int:identity>", "comment")
def submit_review(call: Call, number: int, identity: int) -> Json:
    issue, _, review = pulls.find_review(call.repository, number, identity)
    pulls.submit_review(call.world, issue, review, EVENTS[call.text("event")], call.text("body"))
    return shapes.review(call.world, issue, review)


@route(blueprint, "GET", f"{ONE}/reviews/<int:identity>/comments")
def review_comments(call: Call, number: int, identity: int) -> list[Json]:
    issue, _, review = pulls.find_review(call.repository, number, identity)
    return [shapes.line_comment(call.world, issue, review, line) for line in review.comments]


@route(blueprint, "POST", f"{ONE}/reviews/<int:identity>/<any(dismissals, undismissals):kind>", "admin")
def dismiss(call: Call, number: int, identity: int, kind: str) -> Json:
    issue, _, review = pulls.find_review(call.repository, number, identity)
    review.dismissed = kind == "dismissals"
    return shapes.review(call.world, issue, review)


@route(blueprint, "POST", f"{ONE}/requested_reviewers", "comment")
def request_review(call: Call, number: int) -> tuple[list[Json], int]:
    issue, pull = pulls.find(call.repository, number)
    if issue.author is not call.user:
        call.require("write")
    if call.repository.owner.organization and (teams := call.names("team_reviewers")):
        raise Problem(404, f"team does not exist [org_id 0, team_id 0, name: {teams[0]}]")  # there are none
    rows = pulls.request_review(call.world, issue, pull, call.user, call.users("reviewers"))
    return [shapes.review(call.world, issue, row) for row in rows], 201


@route(blueprint, "DELETE", f"{ONE}/requested_reviewers", "write")
def unrequest_review(call: Call, number: int) -> None:
    issue, pull = pulls.find(call.repository, number)
    pulls.unrequest_review(call.world, issue, pull, call.user, call.users("reviewers"))


@route(blueprint, "POST", f"{REPO}/statuses/<sha>", "write")
def add_status(call: Call, sha: str) -> tuple[Json, int]:
    commit = git.resolve(call.repository.folder, sha)
    if commit is None:
        raise Problem(500, "")
    state = call.text("state")
    status = Status(
        call.world.state.next_id("status"),
        state,
        call.text("context") or "default",
        call.text("description"),
        call.text("target_url"),
        call.user,
    )
    call.repository.statuses[commit].append(status)
    about = git.commits(call.repository.folder, commit, limit=1)[0]
    more = {"status": status, "sha": commit, "about": about}
    call.world.emit(ForgeEvent("status", call.repository, call.user, more=more))
    return shapes.status(call.world, call.repository, commit, status), 201


@route(blueprint, "GET", f"{REPO}/statuses/<sha>")
@route(blueprint, "GET", f"{REPO}/commits/<path:sha>/statuses")
def list_statuses(call: Call, sha: str) -> Response:
    commit = git.resolve(call.repository.folder, sha) or sha
    found = list(reversed(call.repository.statuses.get(commit, [])))
    return page(call, found, lambda one: shapes.status(call.world, call.repository, commit, one))


@route(blueprint, "GET", f"{REPO}/commits/<path:sha>/status")
def combined_status(call: Call, sha: str) -> Response:
    commit = git.resolve(call.repository.folder, sha)
    if commit is None:
        raise Problem(404, f"object does not exist [id: {sha}, rel_path: ]")
    found = pulls.latest_statuses(call.repository, commit)
    rows = [shapes.status(call.world, call.repository, commit, one) for one in found]
    states = {one.state for one in found}
    worst = next(
        (word for word in ("error", "failure", "warning", "pending", "success") if word in states), "pending"
    )
    worst = "failure" if worst == "error" else worst
    return json_answer(
        {
            "state": worst,
            "sha": commit if found else "",
            "total_count": len(rows),
            "statuses": rows or None,
            "repository": shapes.repository(call.world, call.repository, call.caller),
            "commit_url": "",
            "url": "",
        },
        200,
        {"X-Total-Count": str(len(rows))},
    )


@route(blueprint, "GET", f"{REPO}/branch_protections", "write")
def protections(call: Call) -> list[Json]:
    return list(call.repository.protections.values())


@route(blueprint, "POST", f"{REPO}/branch_protections", "admin")
def add_protection(call: Call) -> tuple[Json, int]:
    name = call.text("rule_name") or call.text("branch_name")
    if name in call.repository.protections:
        raise Problem(403, "Branch protection already exist")
    rule = {"rule_name": name, "branch_name": name, "required_approvals": 0, "enable_status_check": False}
    call.repository.protections[name] = rule | {"status_check_contexts": [], "enable_push": False} | call.body
    return call.repository.protections[name], 201


@route(blueprint, "GET PATCH DELETE", f"{REPO}/branch_protections/<path:rule>", "admin")
def protection(call: Call, rule: str) -> Json | None:
    if rule not in call.repository.protections:
        raise Problem(404, "The target couldn't be found.")
    if request.method == "DELETE":
        del call.repository.protections[rule]
        return None
    if request.method == "PATCH":
        call.repository.protections[rule] |= call.body
    return call.repository.protections[rule]
