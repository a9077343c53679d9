"""Gitea's JSON: how it shows users, repositories, issues, pull requests and the rest."""

from __future__ import annotations

from typing import Any

from bot.fake_forge import git, pulls
from bot.fake_forge.state import (
    RANK,
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
    "changes_requested": "REQUEST_CHANGES",
    "commented": "COMMENT",
    "requested": "REQUEST_REVIEW",
    "pending": "PENDING",
}
MOMENTS = {
    "close": "close",
    "reopen": "reopen",
    "label": "label",
    "unlabel": "label",
    "comment": "comment",
    "assign": "assignees",
    "unassign": "assignees",
    "title": "change_title",
    "milestone": "milestone",
    "merge": "merge_pull",
    "pull_push": "pull_push",
    "review": "review",
    "review_request": "review_request",
}


def user(world: World, person: User | None) -> Json | None:
    if person is None:
        return None
    return {
        "id": person.id,
        "login": person.login,
        "login_name": "",
        "source_id": 0,
        "full_name": "",
        "email": f"{person.login}@noreply.example.test",
        "avatar_url": f"{world.url}/avatars/{person.id}",
        "html_url": f"{world.url}/{person.login}",
        "language": "",
        "is_admin": person.admin,
        "last_login": when(person.created),
        "created": when(person.created),
        "restricted": False,
        "active": True,
        "prohibit_login": False,
        "visibility": "public",
        "username": person.login,
    }


def label(world: World, repository: Repository, one: Label) -> Json:
    return {
        "id": one.id,
        "name": one.name,
        "exclusive": one.exclusive,
        "is_archived": False,
        "color": one.color,
        "description": one.description,
        "url": f"{world.url}/api/v1/repos/{repository.full_name}/labels/{one.id}",
    }


def milestone(one: Milestone | None) -> Json | None:
    if one is None:
        return None
    return {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "state": one.state,
        "due_on": one.due,
        "created_at": when(one.created),
        "updated_at": when(one.created),
    }


def repository(world: World, repo: Repository, viewer: User | None) -> Json:
    url = f"{world.url}/{repo.full_name}"
    issues = [issue for issue in repo.issues.values() if issue.state == "open"]
    return {
        "id": repo.id,
        "owner": user(world, repo.owner),
        "name": repo.name,
        "full_name": repo.full_name,
        "description": repo.description,
        "empty": git.is_empty(repo.folder),
        "private": repo.private,
        "fork": False,
        "template": False,
        "mirror": False,
        "size": 0,
        "language": "",
        "html_url": url,
        "url": f"{world.url}/api/v1/repos/{repo.full_name}",
        "link": "",
        "ssh_url": "",
        "clone_url": f"{url}.git",
        "open_issues_count": sum(not issue.pull for issue in issues),
        "open_pr_counter": sum(bool(issue.pull) for issue in issues),
        "default_branch": repo.default_branch,
        "archived": repo.archived,
        "created_at": when(repo.created),
        "updated_at": when(repo.updated),
        "permissions": permissions(world, repo, viewer),
        "has_issues": True,
        "has_pull_requests": True,
        "allow_merge_commits": "merge" in repo.merge_styles,
        "allow_rebase": "rebase" in repo.merge_styles,
        "allow_rebase_explicit": "rebase-merge" in repo.merge_styles,
        "allow_squash_merge": "squash" in repo.merge_styles,
        "allow_fast_forward_only_merge": "fast-forward-only" in repo.merge_styles,
        "default_delete_branch_after_merge": repo.delete_branch,
        "default_merge_style": repo.merge_style,
        "internal": False,
        "object_format_name": "sha1",
        "topics": repo.topics,
    }


def permissions(world: World, repo: Repository, viewer: User | None) -> Json:
    rank = RANK[world.state.level(repo, viewer)]
    return {"admin": rank >= RANK["admin"], "push": rank >= RANK["write"], "pull": rank >= RANK["read"]}


def html_url(world: World, one: Issue) -> str:
    return f"{world.url}/{one.repository.full_name}/{'pulls' if one.pull else 'issues'}/{one.number}"


def _common(world: World, one: Issue) -> Json:
    """What an issue and a pull request are both shown with."""
    return {
        "html_url": html_url(world, one),
        "number": one.number,
        "user": user(world, one.author),
        "title": one.title,
        "body": one.body,
        "labels": [
            label(world, one.repository, each) for each in sorted(one.labels, key=lambda each: each.name)
        ],
        "milestone": milestone(one.milestone),
        "assignee": user(world, one.assignees[0]) if one.assignees else None,
        "assignees": [user(world, person) for person in one.assignees] or None,
        "state": one.state,
        "is_locked": False,
        "comments": len(one.comments),
        "created_at": when(one.created),
        "updated_at": when(one.updated),
        "closed_at": when(one.closed),
        "due_date": None,
        "pin_order": 0,
        "content_version": 0,
    }


def issue(world: World, one: Issue) -> Json:
    repo, pull = one.repository, one.pull
    meta = None
    if pull:
        meta = {
            "merged": pull.merged,
            "merged_at": when(pull.merged_at),
            "draft": pull.draft,
            "html_url": html_url(world, one),
        }
    return _common(world, one) | {
        "id": one.id,
        "url": f"{world.url}/api/v1/repos/{repo.full_name}/issues/{one.number}",
        "original_author": "",
        "original_author_id": 0,
        "ref": "",
        "assets": [],
        "time_estimate": 0,
        "pull_request": meta,
        "repository": {
            "id": repo.id,
            "name": repo.name,
            "owner": repo.owner.login,
            "full_name": repo.full_name,
        },
    }


def pull_request(world: World, one: Issue, pull: Pull, viewer: User | None, *, full: bool = True) -> Json:
    """`full` also tries the merge, as reading one pull request does."""
    url, repo = html_url(world, one), one.repository
    shown = repository(world, repo, viewer)
    head_there = git.branch(repo.folder, pull.head) is not None
    return _common(world, one) | {
        "id": pull.id,
        "url": url,
        "diff_url": f"{url}.diff",
        "patch_url": f"{url}.patch",
        "assignees": [user(world, person) for person in one.assignees],
        "requested_reviewers": [
            user(world, person) for person in dict.fromkeys(r.author for r in pull.reviews)
        ],
        "review_comments": sum(len(review.comments) for review in pull.reviews),
        **_size(repo, pull, full),
        "requested_reviewers_teams": [],
        "draft": pull.draft,
        "mergeable": pulls.mergeable(one, pull) if full else True,
        "merged": pull.merged,
        "merged_at": when(pull.merged_at),
        "merge_commit_sha": pull.merge_sha,
        "merged_by": user(world, pull.merged_by),
        "allow_maintainer_edit": True,
        "base": _side(repo, shown, pull.base, pull.base, pull.base_sha),
        "head": _side(
            repo, shown, pull.head, pull.head if head_there else f"refs/pull/{one.number}/head", pull.head_sha
        ),
        "merge_base": git.merge_base(repo.folder, pull.base_sha, pull.head_sha) if full else "",
    }


def _size(repo: Repository, pull: Pull, full: bool) -> Json:
    if not full:
        return {}
    rows = git.changed_files(repo.folder, pull.base_sha, pull.head_sha)
    added, removed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return {"additions": added, "deletions": removed, "changed_files": len(rows)}


def _side(repo: Repository, shown: Json, name: str, ref: str, sha: str) -> Json:
    return {"label": name, "ref": ref, "sha": sha, "repo_id": repo.id, "repo": shown}


def comment(world: World, one: Comment) -> Json:
    url = html_url(world, one.issue)
    return {
        "id": one.id,
        "html_url": f"{url}#issuecomment-{one.id}",
        "pull_request_url": url if one.issue.pull else "",
        "issue_url": "" if one.issue.pull else url,
        "user": user(world, one.author),
        "original_author": "",
        "original_author_id": 0,
        "body": one.body,
        "assets": [],
        "created_at": when(one.created),
        "updated_at": when(one.updated),
    }


def reaction(world: World, one: Reaction) -> Json:
    return {"user": user(world, one.user), "content": one.content, "created_at": when(one.created)}


def moment(world: World, one: Issue, line: Moment) -> Json:
    url = html_url(world, one)
    body = {"label": "1", "unlabel": ""}.get(
        line.kind, line.text if line.kind in ("comment", "pull_push") else ""
    )
    shown: Json = {
        "id": line.comment.id if line.comment else 1_000_000_000 + line.id,
        "type": MOMENTS.get(line.kind, line.kind),
        "html_url": f"{url}#issuecomment-{line.id}",
        "pull_request_url": url if one.pull else "",
        "issue_url": "" if one.pull else url,
        "user": user(world, line.actor),
        "body": line.comment.body if line.comment else body,
        "created_at": when(line.at),
        "updated_at": when(line.comment.updated if line.comment else line.at),
        "old_title": line.text if line.kind == "title" else "",
        "new_title": one.title if line.kind == "title" else "",
        "review_id": line.review.id if line.review else 0,
        "label": label(world, one.repository, line.label) if line.label else None,
        "assignee": user(world, line.person),
        "removed_assignee": line.kind == "unassign",
    }
    return shown


def review(world: World, one: Issue, review: Review) -> Json:
    url = html_url(world, one)
    return {
        "id": review.id,
        "user": user(world, review.author),
        "team": None,
        "state": REVIEW_STATES[review.state],
        "body": review.body,
        "commit_id": review.commit,
        "stale": review.stale,
        "official": review.official,
        "dismissed": review.dismissed,
        "comments_count": len(review.comments),
        "submitted_at": when(review.submitted),
        "updated_at": when(review.submitted),
        "html_url": f"{url}#issuecomment-{review.id}",
        "pull_request_url": url,
    }


def line_comment(world: World, one: Issue, review: Review, line: LineComment) -> Json:
    return {
        "id": line.id,
        "body": line.body,
        "user": user(world, review.author),
        "resolver": None,
        "pull_request_review_id": review.id,
        "created_at": when(line.created),
        "updated_at": when(line.created),
        "path": line.path,
        "commit_id": line.commit,
        "original_commit_id": "",
        "diff_hunk": "",
        "position": line.line,
        "original_position": 0,
        "html_url": f"{html_url(world, one)}/files#issuecomment-{line.id}",
        "pull_request_url": html_url(world, one),
    }


def status(world: World, repo: Repository, sha: str, one: Status) -> Json:
    return {
        "id": one.id,
        "status": one.state,
        "target_url": one.target_url,
        "description": one.description,
        "url": f"{world.url}/api/v1/repos/{repo.full_name}/statuses/{sha}",
        "context": one.context,
        "creator": user(world, one.author),
        "created_at": when(one.created),
        "updated_at": when(one.created),
    }


def hook(one: Hook) -> Json:
    return {
        "id": one.id,
        "name": "",
        "type": "gitea",
        "branch_filter": one.branch_filter,
        "config": {"content_type": one.content_type, "url": one.url},
        "events": one.events,
        "authorization_header": one.authorization,
        "active": one.active,
        "updated_at": when(one.created),
        "created_at": when(one.created),
    }


def commit_meta(world: World, repo: Repository, commit: git.Commit) -> Json:
    """A commit as a push payload and a branch show it."""
    url = f"{world.url}/{repo.full_name}/commit/{commit.sha}"
    person = {"name": commit.author, "email": commit.email, "username": commit.author}
    return {
        "id": commit.sha,
        "message": commit.message,
        "url": url,
        "author": person,
        "committer": person,
        "verification": None,
        "timestamp": commit.date,
        "added": commit.added,
        "removed": commit.removed,
        "modified": commit.modified,
    }
