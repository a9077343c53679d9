"""GitHub's JSON: how it shows users, repositories, issues, pull requests and the rest."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from bot.fake_forge import git, pulls
from bot.fake_forge.state import (
    RANK,
    Activity,
    Check,
    Comment,
    Hook,
    Issue,
    Label,
    LineComment,
    Milestone,
    Moment,
    Pull,
    Reaction,
    Repository,
    Review,
    Status,
    User,
)
from bot.fake_forge.times import when
from bot.fake_forge.world import World

Json = dict[str, Any]
REVIEW_STATES = {
    "approved": "APPROVED",
    "changes_requested": "CHANGES_REQUESTED",
    "commented": "COMMENTED",
    "pending": "PENDING",
}
MOMENTS = {
    "close": "closed",
    "reopen": "reopened",
    "label": "labeled",
    "unlabel": "unlabeled",
    "comment": "commented",
    "assign": "assigned",
    "unassign": "unassigned",
    "title": "renamed",
    "milestone": "milestoned",
    "merge": "merged",
    "pull_push": "committed",
    "review": "reviewed",
    "review_request": "review_requested",
}
PERMISSIONS = {"owner": "admin", "maintain": "write", "triage": "read"}


def user(world: World, person: User | None) -> Json | None:
    if person is None:
        return None
    return {
        "login": person.login,
        "id": person.id,
        "node_id": f"U_{person.id}",
        "avatar_url": f"{world.url}/avatars/{person.id}",
        "url": f"{api(world)}/users/{person.login}",
        "html_url": f"{world.url}/{person.login}",
        "type": "Organization"
        if person.organization
        else "Bot"
        if person.login.endswith("[bot]")
        else "User",
        "site_admin": person.admin,
    }


def api(world: World) -> str:
    return f"{world.url}/api/github"


def label(world: World, repo: Repository, one: Label) -> Json:
    return {
        "id": one.id,
        "node_id": f"LA_{one.id}",
        "url": f"{api(world)}/repos/{repo.full_name}/labels/{one.name}",
        "name": one.name,
        "color": one.color,
        "default": False,
        "description": one.description or None,
    }


def milestone(one: Milestone | None) -> Json | None:
    if one is None:
        return None
    return {
        "id": one.id,
        "number": one.number,
        "title": one.title,
        "description": one.description,
        "state": one.state,
        "due_on": one.due,
        "created_at": when(one.created),
        "updated_at": when(one.created),
    }


def role(world: World, repo: Repository, person: User | None) -> tuple[str, str]:
    """The old word and the role's name: maintain counts as write, triage as read."""
    level = world.state.level(repo, person)
    return PERMISSIONS.get(level, level), "admin" if level == "owner" else level


def repository(world: World, repo: Repository, viewer: User | None) -> Json:
    url, rank = f"{world.url}/{repo.full_name}", RANK[world.state.level(repo, viewer)]
    levels = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}
    shown = {
        "id": repo.id,
        "node_id": f"R_{repo.id}",
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user(world, repo.owner),
        "html_url": url,
        "description": repo.description or None,
        "fork": False,
        "url": f"{api(world)}/repos/{repo.full_name}",
        "created_at": when(repo.created),
        "updated_at": when(repo.updated),
        "pushed_at": when(repo.updated),
        "git_url": "",
        "ssh_url": "",
        "clone_url": f"{url}.git",
        "size": 0 if git.is_empty(repo.folder) else 1,
        "default_branch": repo.default_branch,
        "open_issues_count": sum(issue.state == "open" for issue in repo.issues.values()),
        "has_issues": True,
        "archived": repo.archived,
        "disabled": False,
        "visibility": "private" if repo.private else "public",
        "topics": repo.topics,
        "permissions": {name: rank >= RANK[level] for name, level in levels.items()},
    }
    if rank >= RANK["write"]:
        shown |= {
            "allow_merge_commit": "merge" in repo.merge_styles,
            "allow_squash_merge": "squash" in repo.merge_styles,
            "allow_rebase_merge": "rebase" in repo.merge_styles,
            "delete_branch_on_merge": repo.delete_branch,
        }
    return shown


def html_url(world: World, one: Issue) -> str:
    return f"{world.url}/{one.repository.full_name}/{'pull' if one.pull else 'issues'}/{one.number}"


def _common(world: World, one: Issue) -> Json:
    return {
        "node_id": f"I_{one.id}",
        "html_url": html_url(world, one),
        "number": one.number,
        "title": one.title,
        "user": user(world, one.author),
        "labels": [label(world, one.repository, each) for each in one.labels],
        "state": one.state,
        "locked": False,
        "assignee": user(world, one.assignees[0]) if one.assignees else None,
        "assignees": [user(world, person) for person in one.assignees],
        "milestone": milestone(one.milestone),
        "comments": len(one.comments),
        "created_at": when(one.created),
        "updated_at": when(one.updated),
        "closed_at": when(one.closed),
        "author_association": association(world, one.repository, one.author),
        "body": one.body or None,
    }


def association(world: World, repo: Repository, person: User) -> str:
    if person is repo.owner:
        return "OWNER"
    return "COLLABORATOR" if person.login.lower() in repo.collaborators else "NONE"


def issue(world: World, one: Issue) -> Json:
    url = f"{api(world)}/repos/{one.repository.full_name}"
    shown = _common(world, one) | {
        "id": one.id,
        "url": f"{url}/issues/{one.number}",
        "repository_url": url,
        "comments_url": f"{url}/issues/{one.number}/comments",
        "closed_by": user(world, one.closed_by),
        "state_reason": "completed" if one.state == "closed" else None,
    }
    if one.pull:
        shown["draft"] = one.pull.draft
        shown["pull_request"] = {
            "url": f"{url}/pulls/{one.number}",
            "html_url": html_url(world, one),
            "merged_at": when(one.pull.merged_at),
        }
    return shown


def pull_request(world: World, one: Issue, pull: Pull, viewer: User | None, *, full: bool = True) -> Json:
    """`full` adds what only a read of one pull request shows: whether it is mergeable, and its size."""
    repo = one.repository
    shown_repo = repository(world, repo, viewer)
    shown = _common(world, one) | {
        "id": pull.id,
        "node_id": f"PR_{pull.id}",
        "url": f"{api(world)}/repos/{repo.full_name}/pulls/{one.number}",
        "issue_url": f"{api(world)}/repos/{repo.full_name}/issues/{one.number}",
        "diff_url": f"{html_url(world, one)}.diff",
        "draft": pull.draft,
        "merged_at": when(pull.merged_at),
        "merge_commit_sha": pull.merge_sha or _test_merge(pull),
        "requested_reviewers": [user(world, person) for person in pull.reviewers],
        "requested_teams": [],
        "head": _side(world, repo, shown_repo, pull.head, pull.head_sha),
        "base": _side(world, repo, shown_repo, pull.base, pull.base_sha),
        "auto_merge": None,
    }
    return shown | (_merging(world, one, pull) if full else {})


def _test_merge(pull: Pull) -> str:
    """The commit of GitHub's test merge, which exists long before anything is merged."""
    return hashlib.sha1(f"{pull.head_sha}{pull.base_sha}".encode(), usedforsecurity=False).hexdigest()


def _merging(world: World, one: Issue, pull: Pull) -> Json:
    checking = time.time() < pull.checking_until and one.state == "open"
    good = pulls.mergeable(one, pull)
    rows = git.changed_files(one.repository.folder, pull.base_sha, pull.head_sha)
    word = "clean" if good else "dirty"
    if pull.draft or (good and pulls.unmet(one.repository, pull)):
        word = "draft" if pull.draft else "blocked"
    return {
        "merged": pull.merged,
        "mergeable": None if checking or one.state == "closed" else good,
        "mergeable_state": "unknown" if checking or one.state == "closed" else word,
        "merged_by": user(world, pull.merged_by),
        "review_comments": sum(len(review.comments) for review in pull.reviews),
        "additions": sum(row[1] for row in rows),
        "deletions": sum(row[2] for row in rows),
        "changed_files": len(rows),
    }


def _side(world: World, repo: Repository, shown: Json, name: str, sha: str) -> Json:
    label = f"{repo.owner.login}:{name}"
    return {"label": label, "ref": name, "sha": sha, "user": user(world, repo.owner), "repo": shown}


def comment(world: World, one: Comment) -> Json:
    url = f"{api(world)}/repos/{one.issue.repository.full_name}/issues"
    return {
        "id": one.id,
        "node_id": f"IC_{one.id}",
        "url": f"{url}/comments/{one.id}",
        "html_url": f"{html_url(world, one.issue)}#issuecomment-{one.id}",
        "issue_url": f"{url}/{one.issue.number}",
        "user": user(world, one.author),
        "created_at": when(one.created),
        "updated_at": when(one.updated),
        "author_association": association(world, one.issue.repository, one.author),
        "body": one.body,
    }


def reaction(world: World, one: Reaction) -> Json:
    return {
        "id": one.id,
        "node_id": f"RE_{one.id}",
        "user": user(world, one.user),
        "content": one.content,
        "created_at": when(one.created),
    }


def moment(world: World, one: Issue, line: Moment) -> Json:
    shown: Json = {
        "id": line.id,
        "event": MOMENTS.get(line.kind, line.kind),
        "actor": user(world, line.actor),
        "created_at": when(line.at),
        "commit_id": line.text if line.kind in ("close", "merge") and line.text else None,
    }
    if line.label:
        shown["label"] = {"name": line.label.name, "color": line.label.color}
    if line.person:
        shown["assignee" if "assign" in line.kind else "requested_reviewer"] = user(world, line.person)
    if line.comment:
        shown |= comment(world, line.comment)
    if line.review:
        shown |= review(world, one, line.review)
    return shown


def review(world: World, one: Issue, review: Review) -> Json:
    return {
        "id": review.id,
        "node_id": f"PRR_{review.id}",
        "user": user(world, review.author),
        "body": review.body,
        "state": "DISMISSED" if review.dismissed else REVIEW_STATES[review.state],
        "html_url": f"{html_url(world, one)}#pullrequestreview-{review.id}",
        "submitted_at": when(review.submitted),
        "commit_id": review.commit,
        "author_association": association(world, one.repository, review.author),
    }


def line_comment(world: World, one: Issue, review: Review, line: LineComment) -> Json:
    return {
        "id": line.id,
        "pull_request_review_id": review.id,
        "path": line.path,
        "line": line.line,
        "original_line": line.line,
        "side": "RIGHT",
        "position": line.line,
        "body": line.body,
        "diff_hunk": "",
        "commit_id": line.commit,
        "original_commit_id": line.commit,
        "user": user(world, review.author),
        "created_at": when(line.created),
        "updated_at": when(line.created),
        "html_url": f"{html_url(world, one)}#discussion_r{line.id}",
    }


def status(world: World, repo: Repository, sha: str, one: Status) -> Json:
    return {
        "id": one.id,
        "url": f"{api(world)}/repos/{repo.full_name}/statuses/{sha}",
        "state": one.state,
        "description": one.description or None,
        "target_url": one.target_url or None,
        "context": one.context,
        "creator": user(world, one.author),
        "created_at": when(one.created),
        "updated_at": when(one.created),
    }


def check(world: World, repo: Repository, one: Check) -> Json:
    return {
        "id": one.id,
        "name": one.name,
        "head_sha": one.sha,
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": when(one.created),
        "completed_at": when(one.created) if one.conclusion else None,
        "output": {"title": None, "summary": None, "annotations_count": 0},
        "app": {"id": 1, "slug": one.app},
        "html_url": f"{world.url}/{repo.full_name}/runs/{one.id}",
        "details_url": one.details_url or None,
        "pull_requests": [],
    }


def hook(world: World, place: str, one: Hook) -> Json:
    config: Json = {"url": one.url, "content_type": one.content_type, "insecure_ssl": "0"}
    return {
        "type": "Repository",
        "id": one.id,
        "name": "web",
        "active": one.active,
        "events": one.events,
        "config": config | ({"secret": "********"} if one.secret else {}),
        "created_at": when(one.created),
        "updated_at": when(one.created),
        "url": f"{api(world)}{place}/{one.id}",
    }


def activity(world: World, one: Activity) -> Json:
    begun, gone = one.before == git.ZERO, one.after == git.ZERO
    kind = "branch_creation" if begun else "branch_deletion" if gone else "push"
    return {
        "id": one.id,
        "ref": one.ref,
        "before": one.before,
        "after": one.after,
        "timestamp": when(one.at),
        "activity_type": "force_push" if one.forced else kind,
        "actor": user(world, one.actor),
    }


def commit(world: World, repo: Repository, one: git.Commit) -> Json:
    person = {"name": one.author, "email": one.email, "date": one.date}
    return {
        "sha": one.sha,
        "html_url": f"{world.url}/{repo.full_name}/commit/{one.sha}",
        "commit": {"message": one.message.rstrip("\n"), "author": person, "committer": person},
        "author": user(world, world.state.user_of(one.email)),
        "committer": user(world, world.state.user_of(one.committer_email)),
        "parents": [{"sha": parent} for parent in one.parents],
    }
