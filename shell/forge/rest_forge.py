"""The verbs whose REST calls are the same on both forges; the clients add what differs."""

import base64
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import requests

from shell.clock import text_of
from shell.errors import Refused
from shell.forge.common_read import Raw, is_machine, read_account, read_issue
from shell.forge.http import Connection, date_of, json_of
from shell.forge.protocol import Account, Changes, Comment, Hook, Issue, Milestone, Permission, Repository

if TYPE_CHECKING:
    from stages.world import Right

_DESCRIPTION = 140  # GitHub's limit
_MOST_FILES = 3000  # GitHub lists no more
_OVERLAP = timedelta(seconds=2)  # times are whole seconds, and a write shows up slightly later


class RestForge(ABC):
    """One account on one forge: the verbs that are the same on both."""

    api: Connection
    milestone_key: str
    """The field of a milestone by which the forge's calls name it."""

    # what differs

    @abstractmethod
    def _list(self, path: str, **params: Any) -> Iterator[Raw]:
        """Every entry of a list, over all its pages."""

    @abstractmethod
    def _comment(self, raw: Raw) -> Comment: ...

    @abstractmethod
    def _repository(self, raw: Raw) -> Repository: ...

    @abstractmethod
    def _dated_list(self, path: str, params: Mapping[str, Any]) -> tuple[list[Raw], str]:
        """Every entry of a list, and when the forge began to answer."""

    # who and where

    def me(self) -> Account:
        """The account that the token belongs to."""
        return read_account(self.api.get("/user"))

    def repository(self, repo: str) -> Repository:
        """What the repository is and allows."""
        return self._repository(self.api.get(f"/repos/{repo}"))

    def permission(self, repo: str, login: str) -> Permission:
        """What an account may do; only administrators (Gitea) or writers (GitHub) may ask."""
        try:
            raw = self.api.get(f"/repos/{repo}/collaborators/{quote(login, safe='')}/permission")
        except Refused as refusal:
            raise _permission_refusal(refusal, repo, login) from None
        user = raw["user"]
        found: Permission = {"login": user["login"], "user_id": user["id"], "permission": _role(raw)}
        return {**found, "machine": True} if is_machine(user) else found

    def file(self, repo: str, path: str, ref: str | None = None) -> str | None:
        """A file's text; None if there is none."""
        params = {"ref": ref} if ref else {}
        try:
            raw = self.api.get(f"/repos/{repo}/contents/{quote(path)}", **params)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise
        if not isinstance(raw, dict) or raw.get("type", "file") != "file":
            raise Refused(422, f"{path} is not a file")
        if raw.get("size") and not raw.get(
            "content"
        ):  # GitHub leaves out what is more than 1 MB, Gitea 10 MB
            raise Refused(422, f"{path} is too large to be read")
        return _text(raw, path)

    def tree(self, repo: str, ref: str) -> list[str]:
        """The paths of all files at a branch or commit."""
        return files_of(self._tree(repo, ref)["tree"])

    # issues and comments

    def issue(self, repo: str, number: int) -> Issue:
        """One issue (or the issue side of a pull request)."""
        return read_issue(self.api.get(f"/repos/{repo}/issues/{number}"))

    def edit_issue(
        self,
        repo: str,
        number: int,
        state: str | None = None,
        title: str | None = None,
        body: str | None = None,
        assignees: Sequence[str] | None = None,
    ) -> Issue:
        """Change what is given, and leave the rest."""
        people = None if assignees is None else list(assignees)
        change = {"state": state, "title": title, "body": body, "assignees": people}
        payload = {name: value for name, value in change.items() if value is not None}
        return read_issue(self.api.send("PATCH", f"/repos/{repo}/issues/{number}", payload))

    def issue_comments(self, repo: str, number: int) -> list[Comment]:
        """All comments of an issue or pull request, oldest first."""
        return [self._comment(raw) for raw in self._list(f"/repos/{repo}/issues/{number}/comments")]

    def issue_comment(self, repo: str, comment_id: int) -> Comment | None:
        """One comment by its number; None if this repository has none (Gitea: 204 for what is no comment)."""
        raw = self._found(f"/repos/{repo}/issues/comments/{comment_id}")
        return self._comment(raw) if raw else None

    def comment(self, repo: str, number: int, body: str) -> Comment:
        """Write a comment on an issue or pull request."""
        path = f"/repos/{repo}/issues/{number}/comments"
        return self._comment(self.api.send("POST", path, {"body": body}))

    def edit_comment(self, repo: str, comment_id: int, body: str) -> Comment:
        """Replace a comment's text."""
        path = f"/repos/{repo}/issues/comments/{comment_id}"
        return self._comment(self.api.send("PATCH", path, {"body": body}))

    def delete_comment(self, repo: str, comment_id: int) -> None:
        """Delete a comment; one that is already gone is no error."""
        self._gone(f"/repos/{repo}/issues/comments/{comment_id}")

    def comments_since(self, repo: str, since: str | None) -> list[Comment]:
        """The repository's comments that are new or edited since then."""
        params = {"since": _whole_second(since)} if since else {}
        return [self._comment(raw) for raw in self._list(f"/repos/{repo}/issues/comments", **params)]

    def changes_since(self, repo: str, since: str | None) -> Changes:
        """Issues, pull requests and comments that changed; `date` is the forge's time before the call."""
        earlier = text_of(datetime.fromisoformat(since) - _OVERLAP) if since else None
        params = {"state": "all", **({"since": _whole_second(earlier)} if earlier else {})}
        found, date = self._dated_list(f"/repos/{repo}/issues", params)
        issues = [read_issue(raw) for raw in found]
        return {
            "issues": [issue for issue in issues if not issue["is_pull"]],
            "pulls": [issue["number"] for issue in issues if issue["is_pull"]],
            "comments": self.comments_since(repo, earlier),
            "date": date,
        }

    # milestones

    def milestones(self, repo: str) -> list[Milestone]:
        """The repository's milestones, open and closed."""
        return [self._milestone(raw) for raw in self._list(f"/repos/{repo}/milestones", state="all")]

    def create_milestone(self, repo: str, title: str, description: str) -> Milestone:
        """Make a milestone; Gitea makes a second one of a title, too."""
        payload = {"title": title, "description": description}
        return self._milestone(self.api.send("POST", f"/repos/{repo}/milestones", payload))

    def set_milestone_state(self, repo: str, milestone: int, state: str) -> Milestone:
        """Close or open a milestone."""
        path = f"/repos/{repo}/milestones/{milestone}"
        return self._milestone(self.api.send("PATCH", path, {"state": state}))

    def put_into_milestone(self, repo: str, number: int, milestone: int) -> bool:
        """Put an issue into a milestone, unless it is in another one."""
        path = f"/repos/{repo}/issues/{number}"
        known = self.api.get(path)["milestone"]
        if not known:
            known = self.api.send("PATCH", path, {"milestone": milestone})["milestone"]
        return bool(known) and known[self.milestone_key] == milestone

    def _milestone(self, raw: Raw) -> Milestone:
        text = raw["description"] or ""
        return {
            "id": raw[self.milestone_key],
            "title": raw["title"],
            "description": text,
            "state": raw["state"],
        }

    # pull requests

    def changes_file(self, repo: str, number: int, path: str) -> bool:
        """Whether a pull request changes, moves or deletes a file; of a huge one the first files are read."""
        rows = islice(self._list(f"/repos/{repo}/pulls/{number}/files"), _MOST_FILES)
        return any(path in (raw["filename"], raw.get("previous_filename")) for raw in rows)

    def commit_authors(self, repo: str, number: int) -> dict[str, list[int]]:
        """Commit → the accounts that the forge takes for its author and committer, by their mail address."""
        rows = self._list(f"/repos/{repo}/pulls/{number}/commits")
        return {raw["sha"]: _accounts(raw) for raw in rows}

    def request_review(self, repo: str, number: int, reviewers: Sequence[str]) -> None:
        """Ask accounts, and teams of the repository's owner as `owner/team`, for a review."""
        owner, wanted = repo.partition("/")[0], dict[str, list[str]]()
        for name in reviewers:
            of, _, team = name.rpartition("/")
            if of and of.casefold() != owner.casefold():
                raise Refused(422, f"{name} is not a team of {owner}, the owner of this repository")
            wanted.setdefault("team_reviewers" if of else "reviewers", []).append(team)
        self.api.send("POST", f"/repos/{repo}/pulls/{number}/requested_reviewers", wanted)

    def set_status(
        self, repo: str, sha: str, state: str, context: str, description: str = "", target_url: str = ""
    ) -> None:
        """Set the state of one check of a commit: success, pending, failure or error."""
        payload = {"state": state, "context": context, "target_url": target_url}
        payload["description"] = description[:_DESCRIPTION]
        self.api.send("POST", f"/repos/{repo}/statuses/{sha}", payload)

    # hooks

    def list_hooks(self, repo: str) -> list[Hook]:
        """The repository's webhooks, without their secrets."""
        return [_hook(raw) for raw in self._list(f"/repos/{repo}/hooks")]

    def delete_hook(self, repo: str, hook_id: int) -> None:
        """Delete a webhook; one that is already gone is no error."""
        self._gone(f"/repos/{repo}/hooks/{hook_id}")

    # for the verbs of one forge

    def _tree(self, repo: str, ref: str, **params: Any) -> Raw:
        path = f"/repos/{repo}/git/trees/{quote(ref, safe='')}"
        found: Raw = self.api.get(path, recursive="true", **params)
        return found

    def _gone(self, path: str, body: Any = None, also: Iterable[int] = ()) -> None:
        """Delete; a 404 counts as deleted."""
        try:
            self.api.send("DELETE", path, body)
        except Refused as refusal:
            if refusal.status not in (404, *also):
                raise

    def _found(self, path: str, **params: Any) -> Raw | None:
        """The object, None for a 404."""
        try:
            raw: Raw = self.api.get(path, **params)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise
        return raw


def _accounts(raw: Raw) -> list[int]:
    people = (raw.get("author") or {}, raw.get("committer") or {})
    return sorted({int(person["id"]) for person in people if person.get("id")})


def files_of(entries: list[Raw]) -> list[str]:
    """The paths of a tree's files."""
    return [entry["path"] for entry in entries if entry["type"] == "blob"]


def dated(answers: Iterator[requests.Response]) -> tuple[list[Raw], str]:
    """The entries of all pages, and the time of the first."""
    first = next(answers)
    entries = [*json_of(first)]
    for answer in answers:
        entries += json_of(answer)
    return entries, date_of(first)


def _whole_second(time: str) -> str:
    return f"{time[:19]}Z"


def _role(raw: Raw) -> "Right":
    # GitHub says `write` for maintain and `read` for triage, and the finer word in role_name
    role = raw.get("role_name")
    return cast("Right", role if role in ("triage", "maintain") else raw["permission"])


def _permission_refusal(refusal: Refused, repo: str, login: str) -> Refused:
    if refusal.status == 403:
        return Refused(
            403,
            f"The bot's account may not read other people's permissions in {repo}. "
            "Make it an administrator of the repository (Settings → Collaborators).",
        )
    if refusal.status == 404:
        return Refused(404, f"{repo} knows no account {login}.")
    return refusal


def _text(raw: Raw, path: str) -> str:
    try:
        return base64.b64decode(raw["content"] or "").decode()
    except UnicodeDecodeError:
        raise Refused(422, f"{path} is not UTF-8 text") from None


def _hook(raw: Raw) -> Hook:
    return {"id": raw["id"], "url": raw["config"]["url"], "events": raw["events"], "active": raw["active"]}
