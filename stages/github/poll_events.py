"""Poll GitHub or Gitea for what happened in a repository since the last poll, as events in order."""

import datetime
import re
from typing import Any, NotRequired, TypedDict

from shell import clock
from shell.forge_at import forge_at, open_pulls
from shell.marker import read_marks

EFFECTS = ["Fallible", "Network"]

OVERLAP = datetime.timedelta(seconds=60)  # seen twice is told twice with one key; missed is lost
EPOCH = "1970-01-01T00:00:00.000Z"
LABELS = {"label": "label_added", "unlabel": "label_removed"}
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
    events: list[Any]
    polled_at: str
    now: str


class Poll:
    """One poll: whom it asks about what, since when, and what it was told."""

    def __init__(self, given: Input) -> None:
        self.forge: Any = forge_at(given.get("host"), given.get("token_env"))
        self.repo = given["repo"]
        self.since = earlier(given.get("since") or EPOCH)
        self.sprint_id = given.get("sprint_id")
        self.me = self.forge.me()["id"]
        self.date = ""  # the forge's own time just before it was asked
        self.events: list[dict[str, Any]] = []

    def tell(self, type_: str, key: str, at: str | None, **fields: Any) -> None:
        self.events.append({"type": type_, "key": f"{type_}:{key}", "created_at": at, **fields})

    def is_new(self, at: str | None) -> bool:
        return bool(at) and moment(str(at)) >= self.since

    def mark_of(self, thing: dict[str, Any]) -> dict[str, str]:
        """The task that a thing of ours names; a stranger's marker, or another sprint's, names none."""
        if thing["author_id"] != self.me:
            return {}
        for mark in read_marks(thing["body"]):
            if mark["task"] and (not self.sprint_id or mark["sprint"] == self.sprint_id):
                return {"task_id": mark["task"]}
        return {}


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
        poll.tell("push", f"{branch}:{head}", changes["date"], branch=branch, head_sha=head)
    events = {event["key"]: event for event in poll.events}
    ordered = sorted(events.values(), key=lambda event: moment(event["created_at"]))
    return {"events": ordered, "polled_at": changes["date"], "now": input.get("now") or clock.now()}


def poll_issue(poll: Poll, issue: dict[str, Any]) -> None:
    number = issue["number"]
    fields = {
        "issue_number": number,
        "labels": issue["labels"],
        "title": issue["title"],
        "body": issue["body"],
        "actor": issue["author"],
        "actor_id": issue["author_id"],
        **poll.mark_of(issue),
    }
    if poll.is_new(issue["created_at"]):
        poll.tell("issue_opened", str(number), issue["created_at"], **fields)
    elif poll.is_new(issue["updated_at"]):
        poll.tell("issue_edited", f"{number}:{issue['updated_at']}", issue["updated_at"], **fields)
    ends = {"close": "issue_closed", "reopen": "issue_reopened"}
    poll_timeline(poll, number, ends, {"issue_number": number})


def poll_timeline(poll: Poll, number: int, ends: dict[str, str], of: dict[str, Any]) -> str | None:
    """Labels, ends and new beginnings; the last time that it was closed."""
    closed_at = None
    for step in poll.forge.timeline(poll.repo, number):
        closed_at = step["at"] if step["type"] == "close" else closed_at
        type_ = LABELS.get(step["type"]) or ends.get(step["type"])
        if not type_ or not poll.is_new(step["at"]):
            continue
        label = {"label": step["label"]} if "label" in step else {}
        who = {"actor": step["actor"], "actor_id": step["actor_id"]}
        key = ":".join([str(number), *label.values(), step["at"]])
        poll.tell(type_, key, step["at"], **({"issue_number": number} if label else of), **label, **who)
    return closed_at


def poll_comment(poll: Poll, comment: dict[str, Any]) -> None:
    if not poll.is_new(comment["updated_at"]):
        return
    poll.tell(
        "issue_comment",
        f"{comment['comment_id']}:{comment['updated_at']}",
        comment["created_at"],
        issue_number=comment["issue_number"],
        is_pull=comment["is_pull"],
        comment_id=comment["comment_id"],
        actor=comment["author"],
        actor_id=comment["author_id"],
        author_id=comment["author_id"],
        body=comment["body"],
    )


def poll_pull(poll: Poll, number: int) -> None:
    pull, issue = poll.forge.pull(poll.repo, number), poll.forge.issue(poll.repo, number)
    head = {"pr_number": number, "head_sha": pull["head"]["sha"]}
    author = {"actor": pull["author"], "actor_id": pull["author_id"]}
    of = {
        **head,
        "branch": pull["head"]["ref"],
        **poll.mark_of(pull),
        "linked_issue": linked(pull["body"], poll.repo),
    }
    if poll.is_new(issue["created_at"]):
        poll.tell("pr_opened", str(number), issue["created_at"], **of, **author, body=pull["body"])
    # open again, or closed without a merge; a merge is told once, by itself
    ends = {"reopen": "pr_reopened"} | ({} if pull["merged"] else {"close": "pr_closed"})
    closed_at = poll_timeline(poll, number, ends, of) or issue["updated_at"]
    if pull["state"] == "open":
        poll_head(poll, pull, head)
    poll_reviews(poll, pull, head)
    if pull["merged"] and poll.is_new(closed_at):
        who = {"actor": pull["merged_by"], "merge_sha": pull["merge_sha"]}
        poll.tell("pr_merged", str(number), closed_at, **head, **who)


def poll_reviews(poll: Poll, pull: dict[str, Any], head: dict[str, Any]) -> None:
    for review in pull["reviews"]:
        if poll.is_new(review["submitted_at"]):
            poll.tell(
                "pr_review_submitted",
                f"{review['id']}:{review['state']}",
                review["submitted_at"],
                **head,
                review_id=review["id"],
                review_state=review["state"],
                commit_sha=review["commit_sha"],
                comments=review["comments"],
                actor=review["author"],
                actor_id=review["author_id"],
                body=review["body"],
            )


def poll_head(poll: Poll, pull: dict[str, Any], head: dict[str, Any]) -> None:
    """Head and checks as they are now: no forge dates them, and an equal key says that nothing is new.

    A head that was reviewed was pushed before that review; any other is the latest there is.
    """
    sha, status, at = head["head_sha"], pull["status"], poll.date
    reviewed = [review["submitted_at"] for review in pull["reviews"] if review["commit_sha"] == sha]
    poll.tell("pr_synchronized", f"{pull['number']}:{sha}", min(reviewed, default=at), **head)
    if status["state"] != "none":
        said = {"state": status["state"], "contexts": status["contexts"]}
        poll.tell("check_completed", f"{sha}:{status['state']}", at, **head, **said)


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


def moment(said: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(said)
    except ValueError:
        raise ValueError(f"github_poll_events: not an ISO-8601 time: {said!r}") from None
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
