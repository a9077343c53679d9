"""What can be done to a pull request: open, review, ask for a review, bring up to date, merge."""

from __future__ import annotations

import fnmatch
import re
import time
from typing import Any

from bot.fake_forge import git
from bot.fake_forge.issues import new_number, note
from bot.fake_forge.pushes import close_by_words, delete_branch, moved, protection_of
from bot.fake_forge.state import Issue, Label, LineComment, Problem, Pull, Repository, Review, Status, User
from bot.fake_forge.world import ForgeEvent, World


class MergeRefused(Exception):
    """Why a merge is refused; each dialect has its own status and message for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def find(repository: Repository, number: int) -> tuple[Issue, Pull]:
    issue = repository.issues.get(number)
    if issue is None or issue.pull is None:
        raise Problem(404, "")
    return issue, issue.pull


def set_draft(world: World, issue: Issue, actor: User, draft: bool) -> None:
    """As GitHub does it; Gitea goes by the title."""
    if issue.pull and issue.pull.draft is not draft:
        issue.pull.draft = draft
        issue.touch()
        kind = "converted_to_draft" if draft else "ready_for_review"
        world.emit(ForgeEvent(kind, issue.repository, actor, issue))


def between(repository: Repository, head: str, base: str) -> Issue | None:
    """The open pull request from one branch into another."""
    for issue in repository.pulls():
        if issue.pull and issue.state == "open" and (issue.pull.head, issue.pull.base) == (head, base):
            return issue
    return None


def open_pull(
    world: World,
    repository: Repository,
    actor: User,
    title: str,
    body: str,
    head: str,
    base: str,
    labels: list[Label],
    draft: bool = False,
) -> Issue:
    head_sha, base_sha = git.branch(repository.folder, head), git.branch(repository.folder, base)
    if head_sha is None or base_sha is None:
        raise Problem(404, f"branch does not exist [name: {base if head_sha else head}]")
    if head == base:
        raise Problem(422, "Invalid PullRequest: There are no changes between the head and the base")
    issue = Issue(
        world.state.next_id("issue"),
        repository,
        new_number(repository),
        title,
        body,
        actor,
        labels=list(labels),
    )
    issue.pull = Pull(world.state.next_id("pull"), head, base, head_sha, base_sha, draft)
    by_title = world.dialect.NAME == "gitea" and title.lower().startswith(("wip:", "[wip]"))
    issue.pull.draft = draft or by_title
    issue.pull.checking_until = time.time() + world.faults.checking
    repository.issues[issue.number] = issue
    git.set_ref(repository.folder, f"refs/pull/{issue.number}/head", head_sha)
    for label in labels:
        note(world, issue, "label", actor, label=label)
    world.emit(ForgeEvent("opened", repository, actor, issue))
    if labels:
        world.emit(ForgeEvent("labels", repository, actor, issue, labels=list(labels)))
    if world.dialect.NAME == "gitea" and time.time() - repository.pushed.get(head, 0.0) < 1:
        # Gitea sends one more event for the head that `opened` already had.
        same = {"before": head_sha, "after": head_sha}
        world.emit(ForgeEvent("synchronized", repository, actor, issue, more=same))
    return issue


def retarget(world: World, issue: Issue, pull: Pull, actor: User, base: str) -> None:
    if base == pull.base:
        return
    sha = git.branch(issue.repository.folder, base)
    if sha is None:
        raise Problem(404, f"branch does not exist [name: {base}]")
    before, pull.base, pull.base_sha = pull.base, base, sha
    issue.touch()
    world.emit(ForgeEvent("edited", issue.repository, actor, issue, changes={"ref": before}))


def mergeable(issue: Issue, pull: Pull) -> bool:
    """Whether it would merge without a conflict; tried once for each pair of heads."""
    folder = issue.repository.folder
    base = git.branch(folder, pull.base)
    if issue.state != "open" or base is None:
        return False
    if pull.tried[:2] != (pull.head_sha, base):
        pull.tried = (pull.head_sha, base, git.merge_tree(folder, base, pull.head_sha) is not None)
    return pull.tried[2] and time.time() >= pull.checking_until


def review(
    world: World,
    issue: Issue,
    pull: Pull,
    actor: User,
    state: str,
    body: str,
    commit: str,
    lines: list[dict[str, Any]],
) -> Review:
    if state in ("approved", "changes_requested") and actor is issue.author:
        verb = "approve" if state == "approved" else "reject"
        raise Problem(422, f"{verb} your own pull is not allowed")
    if state in ("commented", "changes_requested") and not body.strip() and not lines:
        name = "COMMENT" if state == "commented" else "REQUEST_CHANGES"
        raise Problem(422, f"review event {name} requires a body")
    counts = state in ("approved", "changes_requested") and world.state.may(issue.repository, actor, "write")
    review = Review(world.state.next_id("review"), actor, state, body, commit or pull.head_sha, counts)
    review.stale = review.commit != pull.head_sha
    for line in lines:
        identity = world.state.next_id("comment")
        review.comments.append(LineComment(identity, line["path"], line["line"], line["body"], review.commit))
    if state in ("approved", "changes_requested"):
        _no_longer_official(pull, actor)
    if actor in pull.reviewers and state != "pending":
        pull.reviewers.remove(actor)
        pull.reviews = [r for r in pull.reviews if not (r.state == "requested" and r.author is actor)]
    pull.reviews.append(review)
    if state != "pending":
        emit_review(world, issue, review)
    return review


def _no_longer_official(pull: Pull, person: User) -> None:
    for earlier in pull.reviews:
        earlier.official = earlier.official and earlier.author is not person


def find_review(repository: Repository, number: int, identity: int) -> tuple[Issue, Pull, Review]:
    issue, pull = find(repository, number)
    for review in pull.reviews:
        if review.id == identity:
            return issue, pull, review
    raise Problem(404, f"review does not exist [id: {identity}]")


def submit_review(world: World, issue: Issue, review: Review, state: str, body: str) -> None:
    """Submit a review that was pending."""
    review.state, review.body = state, body or review.body
    emit_review(world, issue, review)


def emit_review(world: World, issue: Issue, review: Review) -> None:
    issue.touch()
    note(world, issue, "review", review.author, review=review)
    world.emit(ForgeEvent("reviewed", issue.repository, review.author, issue, review=review))


def request_review(world: World, issue: Issue, pull: Pull, actor: User, people: list[User]) -> list[Review]:
    """Request reviews; a repeated request adds a row again."""
    rows = []
    for person in people:
        if person is issue.author:
            raise Problem(
                422, f"poster of pr can't be reviewer [user_id: {person.id}, repo_id: {issue.repository.id}]"
            )
        if person in pull.reviewers:
            continue
        pull.reviewers.append(person)
        _no_longer_official(pull, person)
        row = Review(world.state.next_id("review"), person, "requested", "", pull.head_sha)
        row.official = world.state.may(issue.repository, person, "write")
        pull.reviews.append(row)
        rows.append(row)
        issue.touch()
        note(world, issue, "review_request", actor, person=person)
        world.emit(ForgeEvent("review_requested", issue.repository, actor, issue, person=person))
    return rows


def unrequest_review(world: World, issue: Issue, pull: Pull, actor: User, people: list[User]) -> None:
    for person in people:
        if person in pull.reviewers:
            pull.reviewers.remove(person)
            pull.reviews = [r for r in pull.reviews if not (r.state == "requested" and r.author is person)]
            world.emit(ForgeEvent("review_request_removed", issue.repository, actor, issue, person=person))


def latest_statuses(repository: Repository, sha: str) -> list[Status]:
    """The newest status of each context."""
    return list({status.context: status for status in repository.statuses.get(sha, [])}.values())


def unmet(repository: Repository, pull: Pull) -> bool:
    """Whether the base branch's protection still wants something."""
    rule = protection_of(repository, pull.base)
    if rule is None:
        return False
    good = [r for r in pull.reviews if r.state == "approved" and r.official and not r.dismissed]
    if rule.get("ignore_stale_approvals") or rule.get("dismiss_stale_approvals"):
        good = [r for r in good if not r.stale]
    if len(good) < int(str(rule.get("required_approvals") or 0)):
        return True
    if rule.get("block_on_rejected_reviews") and any(
        r.state == "changes_requested" and r.official and not r.dismissed for r in pull.reviews
    ):
        return True
    return bool(rule.get("enable_status_check")) and not _checks_are_green(repository, pull, rule)


def check_states(repository: Repository, sha: str) -> dict[str, str]:
    """How each check of a commit stands, by its name."""
    states = {status.context: status.state for status in latest_statuses(repository, sha)}
    return states | {check.name: check.conclusion or "pending" for check in repository.checks.get(sha, [])}


def _checks_are_green(repository: Repository, pull: Pull, rule: dict[str, object]) -> bool:
    states = check_states(repository, pull.head_sha)
    wanted = rule.get("status_check_contexts")
    patterns = [str(p) for p in wanted] if isinstance(wanted, list) else []
    if not patterns:
        return bool(states) and all(state == "success" for state in states.values())
    for pattern in patterns:
        matching = [state for name, state in states.items() if fits(rule, pattern, name)]
        if not matching or any(state != "success" for state in matching):
            return False
    return True


def fits(rule: dict[str, object], required: str, name: str) -> bool:
    """Whether a check is the required one: to Gitea that is a pattern, to GitHub a name."""
    if rule.get("names_are_exact"):
        return name == required
    either = re.search(r"\{([^{}]*)\}", required)
    if either is None:
        return fnmatch.fnmatchcase(name, required)
    start, end = either.span()
    return any(
        fits(rule, required[:start] + part + required[end:], name) for part in either.group(1).split(",")
    )


def update(world: World, issue: Issue, pull: Pull, actor: User) -> str:
    """Merge the base into the head branch; returns the new head."""
    folder = issue.repository.folder
    base = git.branch(folder, pull.base)
    if base is None or git.is_ancestor(folder, base, pull.head_sha):
        raise MergeRefused("up to date")
    tree = git.merge_tree(folder, pull.head_sha, base)
    if tree is None:
        raise MergeRefused("conflict")
    message = f"Merge branch '{pull.base}' into {pull.head}\n"
    old = pull.head_sha
    new = git.commit_tree(folder, tree, [old, base], message, actor.login)
    if not git.set_ref(folder, f"refs/heads/{pull.head}", new, old):
        raise MergeRefused("head")
    moved(world, issue.repository, actor, f"refs/heads/{pull.head}", old, new)
    return new


def merge(
    world: World,
    issue: Issue,
    pull: Pull,
    actor: User,
    *,
    style: str = "merge",
    head_sha: str = "",
    message: str = "",
    delete_head: bool = False,
    force: bool = False,
) -> str:
    """Merge it in git, and emit everything that follows; returns the merge commit."""
    _check_merge(world, issue, pull, actor, style, head_sha, force)
    repository, folder = issue.repository, issue.repository.folder
    base = git.branch(folder, pull.base)
    if base is None:
        raise MergeRefused("conflict")
    sha = _new_base(folder, base, pull, style, message, actor.login)
    if not git.set_ref(folder, f"refs/heads/{pull.base}", sha, base):
        raise MergeRefused("base")
    pull.merged_at, pull.merged_by, pull.merge_sha, pull.base_sha = time.time(), actor, sha, base
    issue.state, issue.closed, issue.closed_by = "closed", pull.merged_at, actor
    issue.touch()
    note(world, issue, "merge", actor, text=sha)
    world.emit(ForgeEvent("closed", repository, actor, issue, more={"commit": sha}))
    if pull.base == repository.default_branch:
        close_by_words(world, repository, actor, f"{issue.title}\n{issue.body}", sha)
    moved(world, repository, actor, f"refs/heads/{pull.base}", base, sha)
    if delete_head:
        _delete_head(world, repository, pull, actor)
    return sha


def _check_merge(
    world: World, issue: Issue, pull: Pull, actor: User, style: str, head_sha: str, force: bool
) -> None:
    repository = issue.repository
    refusals = (
        ("merged", pull.merged),
        ("closed", issue.state == "closed"),
        ("forbidden", not world.state.may(repository, actor, "write")),
        ("draft", pull.draft),
        ("style", style not in repository.merge_styles),
        ("checking", time.time() < pull.checking_until),
    )
    for reason, true in refusals:
        if true:
            raise MergeRefused(reason)
    if not mergeable(issue, pull):
        raise MergeRefused("conflict")
    if unmet(repository, pull) and not (force and world.state.may(repository, actor, "admin")):
        raise MergeRefused("protected")
    if head_sha and head_sha != pull.head_sha:
        raise MergeRefused("head")


def _new_base(folder: Any, base: str, pull: Pull, style: str, message: str, author: str) -> str:
    ahead = git.is_ancestor(folder, base, pull.head_sha)
    if style in ("rebase", "fast-forward-only") and ahead:
        return pull.head_sha
    if style == "fast-forward-only":
        raise MergeRefused("diverged")
    tree = git.merge_tree(folder, base, pull.head_sha)
    if tree is None:
        raise MergeRefused("conflict")
    parents = [base] if style in ("squash", "rebase") else [base, pull.head_sha]
    return git.commit_tree(folder, tree, parents, message, author)


def _delete_head(world: World, repository: Repository, pull: Pull, actor: User) -> None:
    waiting = [i for i in repository.pulls() if i.pull and i.state == "open" and not i.pull.merged]
    if any(i.pull and i.pull.head == pull.head for i in waiting):
        return
    for issue in waiting:
        if issue.pull and issue.pull.base == pull.head:
            retarget(world, issue, issue.pull, actor, pull.base)
    if git.branch(repository.folder, pull.head) and pull.head != repository.default_branch:
        delete_branch(world, repository, actor, pull.head)
