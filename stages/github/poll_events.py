"""Poll GitHub or Gitea for what happened in a repository since the last poll, as events in order."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NotRequired, TypedDict

from shell import clock
from shell.forge_at import forge_at, open_pulls
from shell.marker import read_marks

if TYPE_CHECKING:
    from stages.world import (
        CheckCompleted, Event, ForgeComment, ForgeIssue, ForgePull, IssueClosed, IssueEdited, IssueOpened,
        IssueReopened, LabelAdded, LabelRemoved, OfPull, PrClosed, PrOpened, PrReopened, TimelineRow,
    )  # fmt: skip

EFFECTS = ["Fallible", "Network"]

OVERLAP = datetime.timedelta(seconds=60)  # seen twice is told twice with one key; missed is lost
EPOCH = "1970-01-01T00:00:00.000Z"
CLOSES = re.compile(
    r"(?<![\w-])(?:close[sd]?|fix(?:es|ed)?|resolve[sd]?)(?::\s*|\s+)([\w.-]+/[\w.-]+)?#(\d+)\b", re.I
)
NAMES = re.compile(r"(?<![\w/#])#(\d+)\b")


class Input(TypedDict):
    repo: str
    since: NotRequired[str | None]
    sprint_id: NotRequired[str | None]
    token_env: NotRequired[str | None]
    host: NotRequired[str | None]
    now: NotRequired[str | None]


class Output(TypedDict):
    events: list[Event]
    polled_at: str
    now: str


class Poll:
    """One poll: whom it asks about what, since when, and what it was told."""

    def __init__(self, given: Input) -> None:
        self.forge = forge_at(given.get("host"), given.get("token_env"))
        self.repo = given["repo"]
        self.since = earlier(given.get("since") or EPOCH)
        self.sprint_id = given.get("sprint_id")
        self.me = self.forge.me()["id"]
        self.date = ""  # the forge's own time just before it was asked
        self.events: list[Event] = []

    def is_new(self, at: str | None) -> bool:
        return bool(at) and moment(str(at)) >= self.since

    def task_of(self, thing: ForgeIssue | ForgePull) -> str | None:
        """The task that a thing of ours names; a stranger's marker, or another sprint's, names none."""
        if thing["author_id"] != self.me:
            return None
        for mark in read_marks(thing["body"] or ""):
            if mark["task"] and (not self.sprint_id or mark["sprint"] == self.sprint_id):
                return mark["task"]
        return None


def execute(input: Input) -> Output:
    poll = Poll(input)
    changes = poll.forge.changes_since(poll.repo, clock.text_of(poll.since))
    poll.date = changes["date"]
    for issue in changes["issues"]:
        poll_issue(poll, issue)
    for comment in changes["comments"]:
        poll_comment(poll, comment)
    moved = set(changes["pulls"])
    for number in sorted(moved | set(open_pulls(poll.forge, poll.repo))):
        poll_pull(poll, number)
    branch = poll.forge.repository(poll.repo)["default_branch"]
    if head := poll.forge.branch_head(poll.repo, branch):
        poll.events.append({"type": "push", "key": f"push:{branch}:{head}", "created_at": changes["date"],
                            "branch": branch, "head_sha": head})  # fmt: skip
    events = {event["key"]: event for event in poll.events}
    ordered = sorted(events.values(), key=lambda event: moment(str(event["created_at"])))
    return {"events": ordered, "polled_at": changes["date"], "now": input.get("now") or clock.now()}


def poll_issue(poll: Poll, issue: ForgeIssue) -> None:
    number, edited = issue["number"], issue["updated_at"]
    event: IssueOpened | IssueEdited | None = None
    if poll.is_new(issue["created_at"]):
        event = {"type": "issue_opened", "key": f"issue_opened:{number}", "created_at": issue["created_at"],
                "issue_number": number, "labels": issue["labels"], "title": issue["title"],
                "body": issue["body"] or "",
                "actor": issue["author"], "actor_id": issue["author_id"]}  # fmt: skip
    elif poll.is_new(edited):
        event = {"type": "issue_edited", "key": f"issue_edited:{number}:{edited}", "created_at": edited,
                "issue_number": number, "labels": issue["labels"], "title": issue["title"],
                "body": issue["body"] or "",
                "actor": issue["author"], "actor_id": issue["author_id"]}  # fmt: skip
    if event:
        if task_id := poll.task_of(issue):
            event["task_id"] = task_id
        poll.events.append(event)
    poll_timeline(poll, number, lambda row: end_of_issue(number, row))


def poll_timeline(poll: Poll, number: int, end_of: Callable[[TimelineRow], Event | None]) -> str | None:
    """Labels, ends and new beginnings; the last time that it was closed."""
    closed_at = None
    for row in poll.forge.timeline(poll.repo, number):
        closed_at = row["at"] if row["type"] == "close" else closed_at
        if poll.is_new(row["at"]) and (event := label_event(number, row) or end_of(row)):
            poll.events.append(event)
    return closed_at


def label_event(number: int, row: TimelineRow) -> LabelAdded | LabelRemoved | None:
    if row["type"] == "label":
        return {"type": "label_added", "key": f"label_added:{number}:{row['label']}:{row['at']}",
                "created_at": row["at"], "issue_number": number, "label": row["label"],
                "actor": row["actor"], "actor_id": row["actor_id"]}  # fmt: skip
    if row["type"] == "unlabel":
        return {"type": "label_removed", "key": f"label_removed:{number}:{row['label']}:{row['at']}",
                "created_at": row["at"], "issue_number": number, "label": row["label"],
                "actor": row["actor"], "actor_id": row["actor_id"]}  # fmt: skip
    return None


def end_of_issue(number: int, row: TimelineRow) -> IssueClosed | IssueReopened | None:
    if row["type"] == "close":
        return {"type": "issue_closed", "key": f"issue_closed:{number}:{row['at']}", "created_at": row["at"],
                "issue_number": number, "actor": row["actor"], "actor_id": row["actor_id"]}  # fmt: skip
    if row["type"] == "reopen":
        return {"type": "issue_reopened", "key": f"issue_reopened:{number}:{row['at']}",
                "created_at": row["at"], "issue_number": number,
                "actor": row["actor"], "actor_id": row["actor_id"]}  # fmt: skip
    return None


def poll_comment(poll: Poll, comment: ForgeComment) -> None:
    if poll.is_new(comment["updated_at"]):
        poll.events.append({
            "type": "issue_comment",
            "key": f"issue_comment:{comment['comment_id']}:{comment['updated_at']}",
            "created_at": comment["created_at"],
            "issue_number": comment["issue_number"],
            "is_pull": comment["is_pull"],
            "comment_id": comment["comment_id"],
            "actor": comment["author"],
            "actor_id": comment["author_id"],
            "author_id": comment["author_id"],
            "body": comment["body"],
        })  # fmt: skip


def poll_pull(poll: Poll, number: int) -> None:
    pull, issue = poll.forge.pull(poll.repo, number), poll.forge.issue(poll.repo, number)
    opened_at, head = issue["created_at"], pull["head"]
    of: OfPull = {"pr_number": number, "head_sha": head["sha"], "branch": head["ref"],
                  "linked_issue": linked(pull["body"] or "", poll.repo)}  # fmt: skip
    if task_id := poll.task_of(pull):
        of["task_id"] = task_id
    if poll.is_new(opened_at):
        opened: PrOpened = {
            "type": "pr_opened", "key": f"pr_opened:{number}", "created_at": opened_at, "pr_number": number,
            "head_sha": head["sha"], "branch": head["ref"], "linked_issue": of["linked_issue"],
            "actor": pull["author"], "actor_id": pull["author_id"], "body": pull["body"] or "",
        }  # fmt: skip
        if task_id:
            opened["task_id"] = task_id
        poll.events.append(opened)
    closed_at = poll_timeline(poll, number, lambda row: end_of_pull(pull, of, row)) or issue["updated_at"]
    if pull["state"] == "open":
        poll_head(poll, pull, number)
    poll_reviews(poll, pull, number)
    if pull["merged"] and poll.is_new(closed_at):
        poll.events.append({"type": "pr_merged", "key": f"pr_merged:{number}", "created_at": closed_at,
                            "pr_number": number, "head_sha": head["sha"], "actor": pull["merged_by"],
                            "merge_sha": pull["merge_sha"]})  # fmt: skip


def end_of_pull(pull: ForgePull, of: OfPull, row: TimelineRow) -> PrClosed | PrReopened | None:
    """Open again, or closed without a merge; a merge is told once, by itself."""
    number, at = of["pr_number"], row["at"]
    if row["type"] == "reopen":
        return {**of, "type": "pr_reopened", "key": f"pr_reopened:{number}:{at}", "created_at": at,
                "actor": row["actor"], "actor_id": row["actor_id"]}  # fmt: skip
    if row["type"] == "close" and not pull["merged"]:
        return {**of, "type": "pr_closed", "key": f"pr_closed:{number}:{at}", "created_at": at,
                "actor": row["actor"], "actor_id": row["actor_id"]}  # fmt: skip
    return None


def poll_reviews(poll: Poll, pull: ForgePull, number: int) -> None:
    for review in pull["reviews"]:
        if poll.is_new(review["submitted_at"]):
            poll.events.append({
                "type": "pr_review_submitted",
                "key": f"pr_review_submitted:{review['id']}:{review['state']}",
                "created_at": review["submitted_at"],
                "pr_number": number,
                "head_sha": pull["head"]["sha"],
                "review_id": review["id"],
                "review_state": review["state"],
                "commit_sha": review["commit_sha"],
                "comments": review["comments"],
                "actor": review["author"],
                "actor_id": review["author_id"],
                "body": review["body"],
            })  # fmt: skip


def poll_head(poll: Poll, pull: ForgePull, number: int) -> None:
    """Head and checks as they are now: no forge dates them, and an equal key says that nothing is new.

    A head that was reviewed was pushed before that review; any other is the latest there is.
    """
    sha, status, at = pull["head"]["sha"], pull["status"], poll.date
    reviewed = [review["submitted_at"] for review in pull["reviews"] if review["commit_sha"] == sha]
    poll.events.append({"type": "pr_synchronized", "key": f"pr_synchronized:{number}:{sha}",
                        "created_at": min(reviewed, default=at), "pr_number": number,
                        "head_sha": sha})  # fmt: skip
    if status["state"] != "none":
        done: CheckCompleted = {"type": "check_completed", "key": f"check_completed:{sha}:{status['state']}",
                                "created_at": at, "pr_number": number, "head_sha": sha,
                                "state": status["state"], "contexts": status["contexts"]}  # fmt: skip
        poll.events.append(done)


def linked(body: str, repo: str) -> int | None:
    """The issue of this repository that a pull request says it closes, else the first that it names."""
    for found in CLOSES.finditer(body):
        if (found[1] or repo).lower() == repo.lower():
            return int(found[2])
    named = NAMES.search(body)
    return int(named[1]) if named else None


def earlier(since: str) -> datetime.datetime:
    if since == EPOCH:
        return moment(since)
    return moment(since) - OVERLAP


def moment(text: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"github_poll_events: not an ISO-8601 time: {text!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
