"""What can be done to an issue: open, edit, close, label, assign, comment, react."""

from __future__ import annotations

import time

from bot.fake_forge.state import Comment, Issue, Label, Milestone, Moment, Problem, Reaction, Repository, User
from bot.fake_forge.world import ForgeEvent, World

REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def new_number(repository: Repository) -> int:
    repository.last_number += 1
    return repository.last_number


def note(world: World, issue: Issue, kind: str, actor: User, **more: object) -> Moment:
    """Add a line to the issue's history."""
    moment = Moment(world.state.next_id("moment"), kind, actor, **more)  # type: ignore[arg-type]
    issue.history.append(moment)
    return moment


def find(repository: Repository, number: int) -> Issue:
    if (issue := repository.issues.get(number)) is None:
        raise Problem(404, "")
    return issue


def find_comment(repository: Repository, number: int) -> Comment:
    if (comment := repository.comments.get(number)) is None:
        raise Problem(404, f"comment does not exist [id: {number}, issue_id: 0]")
    return comment


def open_issue(
    world: World,
    repository: Repository,
    actor: User,
    title: str,
    body: str,
    labels: list[Label],
    assignees: list[User],
    milestone: Milestone | None = None,
) -> Issue:
    if not title.strip():
        raise Problem(422, "[Title]: Required")
    issue = Issue(
        world.state.next_id("issue"),
        repository,
        new_number(repository),
        title,
        body,
        actor,
        milestone=milestone,
    )
    repository.issues[issue.number] = issue
    issue.labels, issue.assignees = list(labels), list(assignees)
    for label in labels:
        note(world, issue, "label", actor, label=label)
    for person in assignees:
        note(world, issue, "assign", actor, person=person)
    world.emit(ForgeEvent("issue_opened", repository, actor, issue))
    _emit_first_labels(world, issue, actor)
    return issue


def _emit_first_labels(world: World, issue: Issue, actor: User) -> None:
    if issue.labels:
        world.emit(ForgeEvent("labels", issue.repository, actor, issue, labels=list(issue.labels)))
    for person in issue.assignees:
        world.emit(ForgeEvent("assigned", issue.repository, actor, issue, person=person))


def edit(world: World, issue: Issue, actor: User, title: str | None = None, body: str | None = None) -> None:
    for name, value in (("title", title), ("body", body)):
        before = getattr(issue, name)
        if value is None or value == before:
            continue
        setattr(issue, name, value)
        issue.touch()
        if name == "title":
            note(world, issue, "title", actor, text=before)
        by_title = world.dialect.NAME == "gitea" and name == "title"
        if issue.pull and by_title and (_is_work(before) or _is_work(value)):
            issue.pull.draft = _is_work(value)
        world.emit(ForgeEvent("edited", issue.repository, actor, issue, changes={name: before}))


def _is_work(title: str) -> bool:
    return title.lower().startswith(("wip:", "[wip]"))


def set_state(world: World, issue: Issue, actor: User, state: str, commit: str = "") -> None:
    if state not in ("open", "closed"):
        raise Problem(422, f"unknown state: {state}")
    if issue.state == state:
        return
    if issue.pull and issue.pull.merged and state == "open":
        raise Problem(412, "cannot reopen this pull request because it was already merged")
    issue.state = state
    issue.closed = time.time() if state == "closed" else None
    issue.closed_by = actor if state == "closed" else None
    issue.touch()
    note(world, issue, "close" if state == "closed" else "reopen", actor, text=commit)
    kind = "closed" if state == "closed" else "reopened"
    world.emit(ForgeEvent(kind, issue.repository, actor, issue, more={"commit": commit}))


def change_labels(
    world: World,
    issue: Issue,
    actor: User,
    labels: list[Label],
    *,
    replaced: bool = False,
    cleared: bool = False,
    always: bool = False,
) -> None:
    """Give the issue exactly these labels; `always` emits an event even if nothing changed, as Gitea does."""
    wanted = list(dict.fromkeys(labels))
    added = [label for label in wanted if label not in issue.labels]
    removed = [label for label in issue.labels if label not in wanted]
    if not added and not removed and not always:
        return
    issue.labels = [label for label in issue.labels if label in wanted] + added
    if added or removed:
        issue.touch()
    for label in added:
        note(world, issue, "label", actor, label=label)
    for label in removed:
        note(world, issue, "unlabel", actor, label=label)
    more = {"removed": removed, "replaced": replaced, "cleared": cleared}
    world.emit(ForgeEvent("labels", issue.repository, actor, issue, labels=added, more=more))


def assign(world: World, issue: Issue, actor: User, people: list[User]) -> None:
    """Give the issue exactly these assignees."""
    added = [user for user in people if user not in issue.assignees]
    removed = [user for user in issue.assignees if user not in people]
    issue.assignees = list(dict.fromkeys(people))
    for kind, group in (("assigned", added), ("unassigned", removed)):
        for person in group:
            issue.touch()
            note(world, issue, "assign" if kind == "assigned" else "unassign", actor, person=person)
            world.emit(ForgeEvent(kind, issue.repository, actor, issue, person=person))


def set_milestone(world: World, issue: Issue, actor: User, milestone: Milestone | None) -> None:
    if milestone is issue.milestone:
        return
    kind = "milestoned" if milestone else "demilestoned"
    issue.milestone = milestone
    issue.touch()
    note(world, issue, "milestone", actor)
    world.emit(ForgeEvent(kind, issue.repository, actor, issue))


def delete(world: World, issue: Issue, actor: User) -> None:
    for comment in issue.comments:
        del issue.repository.comments[comment.id]
    del issue.repository.issues[issue.number]
    world.emit(ForgeEvent("issue_deleted", issue.repository, actor, issue))


def comment(world: World, issue: Issue, actor: User, body: str) -> Comment:
    if not body.strip():
        raise Problem(422, "[Body]: Required")
    comment = Comment(world.state.next_id("comment"), issue, actor, body)
    issue.comments.append(comment)
    issue.repository.comments[comment.id] = comment
    issue.touch()
    note(world, issue, "comment", actor, comment=comment)
    world.emit(ForgeEvent("comment_created", issue.repository, actor, issue, comment))
    return comment


def edit_comment(world: World, comment: Comment, actor: User, body: str) -> None:
    """An edit that changes nothing emits nothing; the issue's own time stays."""
    if not body.strip():
        raise Problem(422, "[Body]: Required")
    if body == comment.body:
        return
    before, comment.body, comment.updated = comment.body, body, time.time()
    world.emit(
        ForgeEvent(
            "comment_edited",
            comment.issue.repository,
            actor,
            comment.issue,
            comment,
            changes={"body": before},
        )
    )


def delete_comment(world: World, comment: Comment, actor: User) -> None:
    comment.issue.comments.remove(comment)
    comment.issue.history = [moment for moment in comment.issue.history if moment.comment is not comment]
    del comment.issue.repository.comments[comment.id]
    comment.issue.touch()
    world.emit(ForgeEvent("comment_deleted", comment.issue.repository, actor, comment.issue, comment))


def react(world: World, place: Issue | Comment, actor: User, content: str) -> tuple[Reaction, bool]:
    """The reaction, and whether it is new."""
    if content not in REACTIONS:
        raise Problem(403, f"'{content}' is not an allowed reaction")
    for reaction in place.reactions:
        if reaction.user is actor and reaction.content == content:
            return reaction, False
    reaction = Reaction(world.state.next_id("reaction"), actor, content)
    place.reactions.append(reaction)
    return reaction, True


def unreact(place: Issue | Comment, actor: User, content: str) -> None:
    place.reactions[:] = [r for r in place.reactions if not (r.user is actor and r.content == content)]
