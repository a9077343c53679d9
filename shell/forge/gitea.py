"""Gitea and Forgejo: the client of one account on one server."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests

from shell.errors import NotYet, Refused, Unavailable
from shell.forge import gitea_read as read
from shell.forge.common_read import OWN_CHECKS, Raw, combined, read_issue
from shell.forge.failures import MOST_CHECKS, failed_check, is_job_of, log_of_job
from shell.forge.gitea_labels import GiteaLabels
from shell.forge.http import Connection, json_of
from shell.forge.protocol import (
    HOOK_EVENTS,
    Checks,
    Comment,
    FailedCheck,
    Issue,
    Merged,
    Opened,
    Pull,
    Push,
    Repository,
    RequiredChecks,
    Review,
    Reviewed,
    TimelineRow,
)
from shell.forge.rest_forge import dated, files_of

_PAGE = 50  # the most that a server returns, unless its administrator allows more
_EVENTS = {"push", "create", "delete", "issues", "issue_comment", "pull_request", "status", "repository"}
_REVIEWS = {"approve": "APPROVED", "request_changes": "REQUEST_CHANGES", "comment": "COMMENT"}
_DRAFT, _OF_DRAFT = "WIP: ", re.compile(r"^\s*(?:wip:|\[wip\])\s*", re.IGNORECASE)
_FORWARD_ONLY = "fast-forward-only"


class GiteaForge(GiteaLabels):
    """One account on one Gitea or Forgejo server."""

    milestone_key = "id"

    def __init__(self, url: str, token: str, timeout: float = 10.0) -> None:
        super().__init__()
        self.url = url.rstrip("/")
        self._token = token
        self.api = Connection(f"{self.url}/api/v1", {"Authorization": f"token {token}"}, timeout)

    # who and where

    def repositories(self) -> list[Repository]:
        """All repositories that the account may push to."""
        every = [self._repository(raw) for raw in self._list("/user/repos") if not raw["archived"]]
        return [repo for repo in every if repo["permissions"]["push"]]

    def clone_url(self, repo: str) -> str:
        """The address for git: the server as we reach it, whatever it calls itself."""
        return f"{self.url}/{repo}.git"

    def credential(self, repo: str | None = None) -> tuple[str, str]:
        """User name and secret that git uses over HTTP(S)."""
        return "oauth2", self._token

    def branch_head(self, repo: str, branch: str) -> str | None:
        """The commit that a branch points at; None if there is no such branch."""
        found = self._found(f"/repos/{repo}/branches/{quote(branch)}")
        return found["commit"]["id"] if found else None

    def failed_checks(self, repo: str, sha: str) -> list[FailedCheck]:
        """The statuses that failed; a job of Gitea Actions (1.24 and later) with the end of its log."""
        failed = [raw for raw in self._statuses(repo, sha) if raw["status"] in ("failure", "error")]
        return [self._failed_check(repo, sha, raw) for raw in failed[:MOST_CHECKS]]

    def _failed_check(self, repo: str, sha: str, raw: Raw) -> FailedCheck:
        link, log = str(raw["target_url"] or ""), ""
        if (job := read.job_of(link)) and is_job_of(self.api, repo, job, sha):
            log = log_of_job(self.api, repo, job)
        return failed_check(raw["context"], raw["description"], link, self.api.base, log)

    def required_checks(self, repo: str, branch: str) -> RequiredChecks:
        """The patterns of the checks that must be green on what is merged into a branch.

        The branch itself says so to whoever may read; its protection rules are shown to administrators only.
        """
        found = self._found(f"/repos/{repo}/branches/{quote(branch)}")
        if not found or not found["enable_status_check"]:
            return {"contexts": [], "patterns": True}
        # required, but none named: a head without any status is refused
        required = list(found["status_check_contexts"] or []) or ["*"]
        return {"contexts": [name for name in required if name not in OWN_CHECKS], "patterns": True}

    def tree(self, repo: str, ref: str) -> list[str]:
        """The paths of all files at a branch or commit."""
        entries: list[Raw] = []
        page, more = 1, True
        while more:
            raw = self._tree(repo, ref, page=page)
            entries += raw["tree"]
            page, more = page + 1, raw["truncated"] and bool(raw["tree"])
        return files_of(entries)

    # issues and comments

    def create_issue(self, repo: str, title: str, body: str, labels: Sequence[str] = ()) -> Issue:
        """Open an issue with its labels."""
        path, wanted = f"/repos/{repo}/issues", list(dict.fromkeys(labels))
        payload = {"title": title, "body": body, "labels": self._ids(repo, wanted)}
        issue = read_issue(self.api.send("POST", path, payload))
        if set(wanted) <= set(issue["labels"]):
            return issue
        self._known.pop(repo, None)  # one was deleted since, and Gitea ignored it silently
        return issue | {"labels": self.set_labels(repo, issue["number"], wanted, [])}

    def comment(self, repo: str, number: int, body: str) -> Comment:
        """Write a comment on an issue or pull request."""
        try:
            return super().comment(repo, number, body)
        except Unavailable as fault:
            if fault.status == 500:  # its answer for an issue that does not exist
                self.issue(repo, number)
            raise

    def react_comment(self, repo: str, comment_id: int, content: str, remove: str | None = None) -> None:
        """Add a reaction to a comment; `remove` names one that it replaces."""
        self._react(f"/repos/{repo}/issues/comments/{comment_id}/reactions", content, remove)

    def react_issue(self, repo: str, number: int, content: str, remove: str | None = None) -> None:
        """Add a reaction to an issue's own text; `remove` names one that it replaces."""
        self._react(f"/repos/{repo}/issues/{number}/reactions", content, remove)

    def timeline(self, repo: str, number: int) -> list[TimelineRow]:
        """Who added and removed labels, closed and reopened, oldest first."""
        path = f"/repos/{repo}/issues/{number}/timeline"
        moments = map(read.read_moment, self._until_empty(path))
        return [moment for moment in moments if moment]

    # pull requests

    def pull(self, repo: str, number: int, known_reviews: Iterable[int] = ()) -> Pull:
        """A pull request with its reviews and checks; inline comments only of new requests for changes."""
        path = f"/repos/{repo}/pulls/{number}"
        pull = read.read_pull(self.api.get(path))
        rows = [raw for raw in self._list(f"{path}/reviews") if read.is_review(raw)]
        sha = pull["head"]["sha"]
        pull["reviews"] = [self._review(path, raw, sha, set(known_reviews)) for raw in rows]
        pull["status"] = self.checks(repo, sha)
        return pull

    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None:
        """The number of the open pull request from a branch of this repository into another."""
        for raw in self._list(f"/repos/{repo}/pulls", state="open"):
            home = raw["head"]["repo_id"] == raw["base"]["repo_id"]
            if home and (raw["head"]["ref"], raw["base"]["ref"]) == (head_branch, base):
                return int(raw["number"])
        return None

    def edit_issue(
        self,
        repo: str,
        number: int,
        state: str | None = None,
        title: str | None = None,
        body: str | None = None,
        assignees: Sequence[str] | None = None,
    ) -> Issue:
        """Change what is given, and leave the rest.

        Whom Gitea cannot assign is left out, as GitHub does: asked for such a name it answers 500.
        """
        if assignees:
            can = {raw["login"].casefold(): raw["login"] for raw in self.api.get(f"/repos/{repo}/assignees")}
            assignees = [can[name.casefold()] for name in assignees if name.casefold() in can]
        return super().edit_issue(repo, number, state, title, body, assignees)

    def create_pull(
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> Opened:
        """Open a pull request, or return the one that is already open. A draft is told by its title."""
        shown = f"{_DRAFT}{title}" if draft else title
        payload = {"title": shown, "body": body, "head": head, "base": base}
        try:
            raw = self.api.send("POST", f"/repos/{repo}/pulls", payload)
        except Refused as refusal:
            existing = self.find_pull(repo, head, base) if refusal.status == 409 else None
            if existing is None:
                raise
            raw = self.api.get(f"/repos/{repo}/pulls/{existing}")
        return {"number": raw["number"], "head_sha": raw["head"]["sha"], "html_url": raw["html_url"]}

    def set_draft(self, repo: str, number: int, draft: bool) -> None:
        """Make an open pull request a draft, or have it reviewed again."""
        raw = self.api.get(f"/repos/{repo}/pulls/{number}")
        is_draft = bool(raw.get("draft")) or raw["title"].startswith(_DRAFT)  # not each server knows our word
        if is_draft is not draft:
            title = f"{_DRAFT}{raw['title']}" if draft else _OF_DRAFT.sub("", raw["title"])
            self.api.send("PATCH", f"/repos/{repo}/pulls/{number}", {"title": title})

    def pushes(self, repo: str, number: int, branch: str) -> list[Push] | None:
        """Who pushed to a pull request's branch since it was opened, from its timeline."""
        moments = self._until_empty(f"/repos/{repo}/issues/{number}/timeline")
        return [read.read_push(raw) for raw in moments if raw["type"] == "pull_push"]

    def merge(
        self,
        repo: str,
        number: int,
        head_sha: str,
        style: str,
        delete_branch: bool = True,
        title: str | None = None,
        message: str | None = None,
    ) -> Merged:
        """Merge exactly this head; NotYet while Gitea checks, and in a conflict too (same answer)."""
        path = f"/repos/{repo}/pulls/{number}"
        how = {"Do": style, "head_commit_id": head_sha, "delete_branch_after_merge": delete_branch}
        message_fields = {"MergeTitleField": title, "MergeMessageField": message} if title else {}
        try:
            self.api.send(
                "POST", f"{path}/merge", how | {key: text for key, text in message_fields.items() if text}
            )
        except Refused as refusal:
            return self._not_merged(path, refusal)
        except Unavailable as fault:
            # a branch behind its base cannot be fast-forwarded to: always a 500 without a message
            if fault.status == 500 and style == _FORWARD_ONLY and self._behind(repo, number):
                raise Refused(409, "conflict") from None
            raise
        return {"merged": True, "merge_sha": self.api.get(path)["merge_commit_sha"]}

    def update_branch(self, repo: str, number: int, head_sha: str | None = None) -> bool:
        """Merge the base into the branch; False if up to date. A conflict is Refused(409, "conflict")."""
        try:
            self.api.send("POST", f"/repos/{repo}/pulls/{number}/update", style="merge")
        except Refused as refusal:
            raise Refused(409, "conflict") if refusal.status == 409 else refusal from None
        except Unavailable as fault:
            # a branch that is up to date is a 500 without a message
            if fault.status != 500 or self._behind(repo, number):
                raise
            return False
        return True

    def review(
        self, repo: str, number: int, event: str, body: str = "", commit_sha: str | None = None
    ) -> Reviewed:
        """Give a review: approve, request_changes or comment."""
        payload = {"event": _REVIEWS[event], "body": body} | ({"commit_id": commit_sha} if commit_sha else {})
        return {"id": self.api.send("POST", f"/repos/{repo}/pulls/{number}/reviews", payload)["id"]}

    # hooks

    def create_hook(self, repo: str, url: str, secret: str, events: Sequence[str] | None = None) -> int:
        """Create a signed webhook; Gitea's umbrella events include reviews and labels."""
        asked = [event for event in events or HOOK_EVENTS if event in _EVENTS]
        config = {"url": url, "content_type": "json", "secret": secret}
        payload = {"type": "gitea", "active": True, "events": asked, "config": config}
        return int(self.api.send("POST", f"/repos/{repo}/hooks", payload)["id"])

    # what differs from GitHub

    def _repository(self, raw: Raw) -> Repository:
        return read.read_repository(raw) | {"clone_url": self.clone_url(raw["full_name"])}

    def _comment(self, raw: Raw) -> Comment:
        return read.read_comment(raw)

    def _list(self, path: str, **params: Any) -> Iterator[Raw]:
        for answer in self._answers(path, params):
            yield from json_of(answer) or []

    def _dated_list(self, path: str, params: Mapping[str, Any]) -> tuple[list[Raw], str]:
        return dated(self._answers(path, params))

    def _answers(self, path: str, params: Mapping[str, Any]) -> Iterator[requests.Response]:
        """Page after page up to the announced total; some lists come on a single page."""
        seen, page, total = 0, 1, 1
        while seen < total:
            answer = self.api.call("GET", path, params={**params, "limit": _PAGE, "page": page})
            yield answer
            entries = len(json_of(answer) or [])
            total = int(answer.headers.get("X-Total-Count") or 0) if entries else 0
            seen, page = seen + entries, page + 1

    def _until_empty(self, path: str) -> Iterator[Raw]:
        """The entries of a list whose X-Total-Count counts only the page."""
        page = 1
        while entries := self.api.get(path, limit=_PAGE, page=page):
            yield from entries
            page += 1

    def checks(self, repo: str, sha: str) -> Checks:
        """What reported on a commit, less our own status."""
        return combined(read.read_checks(self._statuses(repo, sha)))

    def _statuses(self, repo: str, sha: str) -> list[Raw]:
        """The newest of each context."""
        statuses: list[Raw] = []
        total, page = 1, 1
        while len(statuses) < total:
            answer = self.api.get(f"/repos/{repo}/commits/{sha}/status", limit=_PAGE, page=page)
            found = answer["statuses"] or []
            total = answer["total_count"] if found else 0
            statuses, page = statuses + found, page + 1
        return statuses

    def _review(self, pull: str, raw: Raw, head_sha: str, known: set[int]) -> Review:
        review = read.read_review(raw, head_sha)
        if review["state"] == "changes_requested" and review["id"] not in known and raw["comments_count"]:
            inline = self.api.get(f"{pull}/reviews/{review['id']}/comments")
            review["comments"] = [read.read_inline(remark) for remark in inline]
        return review

    def _behind(self, repo: str, number: int) -> int:
        """How many commits the branch is behind its base."""
        raw = self.api.get(f"/repos/{repo}/pulls/{number}")
        span = f"{raw['head']['sha']}...{quote(raw['base']['ref'])}"
        return int(self.api.get(f"/repos/{repo}/compare/{span}")["total_commits"])

    def _react(self, path: str, content: str, remove: str | None) -> None:
        self.api.send("POST", path, {"content": content})
        if remove:
            self.api.send("DELETE", path, {"content": remove})

    def _not_merged(self, path: str, refusal: Refused) -> Merged:
        message = refusal.message.lower()
        if refusal.status == 405 and "try again later" in message:
            raise NotYet(
                self.api.host, "the forge still checks whether it can be merged", status=405
            ) from None
        if refusal.status == 409 and "merge push out of date" in message:
            raise NotYet(self.api.host, "another merge came first", status=409) from None
        if refusal.status == 409 and "conflict" in message and "remote message" not in message:
            # its JSON has no message, only git's output
            raise Refused(409, "conflict") from None
        if refusal.status == 405 and "already merged" in message:
            raw = self.api.get(path)
            if raw["merged"]:
                return {"merged": True, "merge_sha": raw["merge_commit_sha"]}
        raise refusal from None
