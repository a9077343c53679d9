"""GitHub's calls about pull requests, reviews and merges."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from bot.fake_forge import git, pulls
from bot.fake_forge.call import Call, route
from bot.fake_forge.common_calls import REPO, pull_shape
from bot.fake_forge.github import shapes
from bot.fake_forge.github.issues import check_body, edit_fields
from bot.fake_forge.github.routes import blueprint, invalid, page
from bot.fake_forge.pushes import protection_of
from bot.fake_forge.state import Issue, Problem, Pull

Json = dict[str, Any]
ONE = f"{REPO}/pulls/<int:number>"
EVENTS = {
    "APPROVE": "approved",
    "REQUEST_CHANGES": "changes_requested",
    "COMMENT": "commented",
    "": "pending",
}
REFUSALS = {
    "merged": (405, "Pull Request is not mergeable"),
    "closed": (405, "Pull Request is not mergeable"),
    "forbidden": (403, "Must have push access to repository"),
    "draft": (405, "Pull Request is still a draft"),
    "style": (405, "This merge method is not allowed on this repository."),
    "diverged": (405, "Pull Request is not mergeable"),
    "checking": (405, "Pull Request is not mergeable"),
    "conflict": (405, "Pull Request is not mergeable"),
    "head": (409, "Head branch was modified. Review and try the merge again."),
    "base": (405, "Base branch was modified. Review and try the merge again."),
}


@route(blueprint, "GET", f"{REPO}/pulls")
def list_pulls(call: Call) -> Response:
    args, owner = call.args, call.repository.owner.login.lower()
    found = [
        issue for issue in call.repository.pulls() if (args.get("state") or "open") in ("all", issue.state)
    ]
    if ":" in (head := args.get("head", "")):
        who, _, name = head.partition(":")
        found = [issue for issue in found if issue.pull and (owner, issue.pull.head) == (who.lower(), name)]
    if base := args.get("base"):
        found = [issue for issue in found if issue.pull and issue.pull.base == base]
    updated = args.get("sort") == "updated"
    asc = args.get("direction", "desc") == "asc"
    found.sort(key=lambda issue: issue.updated if updated else issue.number, reverse=not asc)
    return page(call, found, lambda issue: pull_shape(shapes, call, issue, full=False))


@route(blueprint, "POST", f"{REPO}/pulls", "comment")
def add_pull(call: Call) -> tuple[Json, int]:
    repo, head, base = call.repository, call.text("head").rpartition(":")[2], call.text("base")
    if not call.text("title"):
        invalid("PullRequest", "missing_field", "title")
    heads = {name: git.branch(repo.folder, name) for name in (head, base)}
    for field, name in (("head", head), ("base", base)):
        if not heads[name]:
            invalid("PullRequest", "invalid", field)
    if pulls.between(repo, head, base):
        message = f"A pull request already exists for {repo.owner.login}:{head}."
        invalid("PullRequest", "custom", message=message)
    if git.is_ancestor(repo.folder, str(heads[head]), str(heads[base])):
        invalid("PullRequest", "custom", message=f"No commits between {base} and {head}")
    body = check_body(call.text("body"), "PullRequest")
    made = pulls.open_pull(
        call.world, repo, call.user, call.text("title"), body, head, base, [], bool(call.body.get("draft"))
    )
    return pull_shape(shapes, call, made) | {"mergeable": None, "mergeable_state": "unknown"}, 201


@route(blueprint, "GET", ONE)
def get_pull(call: Call, number: int) -> Any:
    issue, pull = pulls.find(call.repository, number)
    if "diff" in request.headers.get("Accept", ""):
        return Response(
            git.diff(call.repository.folder, pull.base_sha, pull.head_sha), content_type="text/plain"
        )
    return pull_shape(shapes, call, issue)


@route(blueprint, "POST", "/graphql")
def graphql(call: Call) -> Json:
    """Of GraphQL just the two mutations by which a draft begins and ends."""
    named = next((name for name in _DRAFTS if name in call.text("query")), None)
    asked = (call.body.get("variables") or {}).get("id")
    found = [
        issue
        for repo in call.world.state.repositories.values()
        for issue in repo.pulls()
        if issue.pull and f"PR_{issue.pull.id}" == asked and call.world.state.may(repo, call.caller, "write")
    ]
    if named is None or not found:
        message = f"Could not resolve to a node with the global id of '{asked}'."
        return {"data": None, "errors": [{"type": "NOT_FOUND", "message": message}]}
    [issue] = found
    pulls.set_draft(call.world, issue, call.user, _DRAFTS[named])
    return {"data": {named: {"pullRequest": {"isDraft": _DRAFTS[named]}}}}


_DRAFTS = {"convertPullRequestToDraft": True, "markPullRequestReadyForReview": False}


@route(blueprint, "PATCH", ONE, "comment")
def edit_pull(call: Call, number: int) -> Json:
    issue, pull = pulls.find(call.repository, number)
    if issue.author is not call.user:
        call.require("write", "Must have push access to repository")
    if base := call.text("base"):
        pulls.retarget(call.world, issue, pull, call.user, base)
    edit_fields(call, issue)
    return pull_shape(shapes, call, issue)


@route(blueprint, "GET", f"{ONE}/files")
def files(call: Call, number: int) -> Response:
    _, pull = pulls.find(call.repository, number)
    rows = git.changed_files(call.repository.folder, pull.base_sha, pull.head_sha)

    def render(row: tuple[str, int, int, str]) -> Json:
        path, plus, minus, kind = row
        counts = {"additions": plus, "deletions": minus, "changes": plus + minus}
        return {"filename": path, "status": kind, **counts}

    return page(call, rows, render)


@route(blueprint, "GET", f"{ONE}/commits")
def commits(call: Call, number: int) -> Response:
    _, pull = pulls.find(call.repository, number)
    found = git.commits(call.repository.folder, f"{pull.base_sha}..{pull.head_sha}", limit=250, files=False)
    return page(call, found[::-1], lambda one: shapes.commit(call.world, call.repository, one))


@route(blueprint, "PUT", f"{ONE}/merge", "comment")
def merge(call: Call, number: int) -> Json:
    issue, pull = pulls.find(call.repository, number)
    style = call.text("merge_method", "merge")
    title = call.text("commit_title") or _merge_title(call, issue, pull, style)
    message = "\n\n".join([title, call.text("commit_message") or issue.title]) + "\n"
    rule = protection_of(call.repository, pull.base) or {}
    try:
        sha = pulls.merge(
            call.world,
            issue,
            pull,
            call.user,
            style=style,
            head_sha=call.text("sha"),
            message=message,
            delete_head=call.repository.delete_branch,
            force=not rule.get("enforce_admins"),  # who administers is not held, unless that is wished
        )
    except pulls.MergeRefused as refusal:
        raise _refused(call, pull, refusal.reason) from None
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


def _merge_title(call: Call, issue: Issue, pull: Pull, style: str) -> str:
    if style == "squash":
        return f"{issue.title} (#{issue.number})"
    return f"Merge pull request #{issue.number} from {call.repository.owner.login}/{pull.head}"


def _refused(call: Call, pull: Pull, reason: str) -> Problem:
    if reason != "protected":
        return Problem(*REFUSALS[reason])
    rule = protection_of(call.repository, pull.base) or {}
    approvals = int(str(rule.get("required_approvals") or 0))
    approved = [one for one in pull.reviews if one.state == "approved" and one.official and not one.dismissed]
    if len(approved) < approvals:
        reviews = "review is" if approvals == 1 else "reviews are"
        message = f"At least {approvals} approving {reviews} required by reviewers with write access."
    else:
        message = _checks_awaited(call, pull, rule)
    return Problem(405, message)


def _checks_awaited(call: Call, pull: Pull, rule: dict[str, Any]) -> str:
    states = pulls.check_states(call.repository, pull.head_sha)
    stands = {"pending": "pending", None: "expected"}
    open_ = [name for name in rule["status_check_contexts"] if states.get(name) != "success"]
    if len(open_) == 1:
        return f'Required status check "{open_[0]}" is {stands.get(states.get(open_[0]), "failing")}.'
    how = "expected" if all(name not in states for name in open_) else "failing"
    return f"{len(open_)} of {len(rule['status_check_contexts'])} required status checks are {how}."


@route(blueprint, "PUT", f"{ONE}/update-branch", "write")
def update_branch(call: Call, number: int) -> tuple[Json, int]:
    issue, pull = pulls.find(call.repository, number)
    if (expected := call.text("expected_head_sha")) and expected != pull.head_sha:
        raise Problem(422, "expected head sha didn't match current head ref.")
    try:
        pulls.update(call.world, issue, pull, call.user)
    except pulls.MergeRefused as refusal:
        same = refusal.reason == "up to date"
        message = (
            "There are no new commits on the base branch." if same else "merge conflict between base and head"
        )
        raise Problem(422, message) from None
    return {"message": "Updating pull request branch.", "url": shapes.html_url(call.world, issue)}, 202


@route(blueprint, "GET", f"{ONE}/reviews")
def list_reviews(call: Call, number: int) -> Response:
    issue, pull = pulls.find(call.repository, number)
    hidden = ("requested",)
    found = [
        one
        for one in pull.reviews
        if one.state not in hidden and (one.state != "pending" or one.author is call.caller)
    ]
    return page(call, found, lambda one: shapes.review(call.world, issue, one))


@route(blueprint, "POST", f"{ONE}/reviews", "comment")
def add_review(call: Call, number: int) -> Json:
    issue, pull = pulls.find(call.repository, number)
    event = call.text("event")
    if event not in EVENTS:
        invalid("PullRequestReview", "invalid", "event")
    if issue.author is call.user and event in ("APPROVE", "REQUEST_CHANGES"):
        word = "approve" if event == "APPROVE" else "request changes on"
        invalid("PullRequestReview", "custom", message=f"Can not {word} your own pull request")
    lines = [
        {
            "path": line.get("path", ""),
            "line": line.get("line") or line.get("position") or 0,
            "body": line["body"],
        }
        for line in call.body.get("comments") or []
    ]
    review = pulls.review(
        call.world, issue, pull, call.user, EVENTS[event], call.text("body"), call.text("commit_id"), lines
    )
    return shapes.review(call.world, issue, review)


@route(blueprint, "POST", f"{ONE}/reviews/<int:identity>/events", "comment")
def submit_review(call: Call, number: int, identity: int) -> Json:
    issue, _, review = pulls.find_review(call.repository, number, identity)
    pulls.submit_review(call.world, issue, review, EVENTS[call.text("event")], call.text("body"))
    return shapes.review(call.world, issue, review)


@route(blueprint, "GET", f"{ONE}/reviews/<int:identity>/comments")
def review_comments(call: Call, number: int, identity: int) -> Response:
    issue, _, review = pulls.find_review(call.repository, number, identity)
    return page(call, review.comments, lambda line: shapes.line_comment(call.world, issue, review, line))


@route(blueprint, "GET", f"{ONE}/comments")
def line_comments(call: Call, number: int) -> Response:
    issue, pull = pulls.find(call.repository, number)
    rows = [(review, line) for review in pull.reviews for line in review.comments]
    return page(call, rows, lambda row: shapes.line_comment(call.world, issue, *row))


@route(blueprint, "PUT", f"{ONE}/reviews/<int:identity>/dismissals", "write")
def dismiss(call: Call, number: int, identity: int) -> Json:
    issue, _, review = pulls.find_review(call.repository, number, identity)
    review.dismissed = True
    pulls.emit_review(call.world, issue, review)
    return shapes.review(call.world, issue, review)


@route(blueprint, "POST", f"{ONE}/requested_reviewers", "write")
def request_review(call: Call, number: int) -> tuple[Json, int]:
    issue, pull = pulls.find(call.repository, number)
    people = [call.world.state.users.get(login.lower()) for login in call.names("reviewers")]
    known = [person for person in people if person and call.world.state.may(call.repository, person, "read")]
    if len(known) != len(people) or call.names("team_reviewers"):  # there are no teams here
        raise Problem(422, "Reviews may only be requested from collaborators.")
    if issue.author in known:
        raise Problem(422, "Review cannot be requested from pull request author.")
    pulls.request_review(call.world, issue, pull, call.user, known)
    return pull_shape(shapes, call, issue), 201


@route(blueprint, "DELETE", f"{ONE}/requested_reviewers", "write")
def unrequest_review(call: Call, number: int) -> Json:
    issue, pull = pulls.find(call.repository, number)
    pulls.unrequest_review(call.world, issue, pull, call.user, call.users("reviewers"))
    return pull_shape(shapes, call, issue)
