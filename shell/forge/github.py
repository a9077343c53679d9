"""GitHub: the client of one account, or of one App."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any
from urllib.parse import quote, urlsplit

from shell.errors import NotYet, Refused
from shell.forge import github_read as read
from shell.forge.common_read import OWN_CHECKS, Raw, combined, read_issue
from shell.forge.failures import MOST_CHECKS, failed_check, log_of_job
from shell.forge.github_app import GitHubApp
from shell.forge.http import Connection, json_of
from shell.forge.protocol import (
    HOOK_EVENTS,
    Account,
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
from shell.forge.rest_forge import RestForge, dated

_PAGE = 100
_REVIEWS = {"approve": "APPROVE", "request_changes": "REQUEST_CHANGES", "comment": "COMMENT"}
_REPO = re.compile(r"/repos/([^/]+/[^/]+)")


class GitHubForge(RestForge):
    """One account on GitHub by its token, or an App with a token for each of its installations."""

    milestone_key = "number"

    def __init__(self, api_url: str, token: str | GitHubApp, timeout: float = 10.0) -> None:
        self._token = token
        self._timeout = timeout
        self._login: str | None = None
        self.api = Connection(api_url, self._headers, timeout)

    # who and where

    def me(self) -> Account:
        """The account that acts; an App's is `<slug>[bot]`."""
        return self._token.me() if isinstance(self._token, GitHubApp) else super().me()

    def repositories(self) -> list[Repository]:
        """All repositories that the account may push to."""
        every = [self._repository(raw) for raw in self._reachable() if not raw.get("archived")]
        return [repo for repo in every if repo["permissions"]["push"]]

    def clone_url(self, repo: str) -> str:
        """The address for git."""
        scheme, host = urlsplit(self.api.base)[:2]
        return f"{scheme}://{host.removeprefix('api.')}/{repo}.git"

    def credential(self, repo: str | None = None) -> tuple[str, str]:
        """User name and secret that git uses over HTTPS; an App has one for each installation."""
        if isinstance(self._token, str):
            return "x-access-token", self._token
        if repo is None:
            raise Refused(403, "a GitHub App has a credential for each repository; name one")
        return "x-access-token", self._token.token(repo)

    def branch_head(self, repo: str, branch: str) -> str | None:
        """The commit that a branch points at; None if there is no such branch."""
        found = self._found(f"/repos/{repo}/branches/{quote(branch)}")
        # the old name of a renamed branch leads to the new one
        return found["commit"]["sha"] if found and found["name"] == branch else None

    def failed_checks(self, repo: str, sha: str) -> list[FailedCheck]:
        """The statuses and check runs that failed; a job of GitHub Actions with the end of its log.

        https://docs.github.com/en/rest/actions/workflow-jobs: the log lies behind a redirect to a storage.
        """
        commit = f"/repos/{repo}/commits/{sha}"
        statuses = [
            failed_check(raw["context"], raw["description"], raw["target_url"], "", "")
            for raw in self._within(self.api, f"{commit}/status", "statuses")
            if raw["state"] in ("failure", "error")
        ]
        runs = self._within(self.api, f"{commit}/check-runs", "check_runs")
        failed = [raw for raw in runs if read.run_state(raw) == "failure"]
        return [*statuses, *(self._failed_run(repo, raw) for raw in failed[:MOST_CHECKS])][:MOST_CHECKS]

    def _failed_run(self, repo: str, raw: Raw) -> FailedCheck:
        output, link = raw.get("output") or {}, raw.get("details_url") or raw.get("html_url")
        job = read.job_of(raw)
        log = (log_of_job(self.api, repo, job) if job else "") or str(output.get("text") or "")
        words = output.get("title") or output.get("summary") or raw["conclusion"]
        return failed_check(raw["name"], words, link, "", log)

    def required_checks(self, repo: str, branch: str) -> RequiredChecks:
        """The names of the checks that must be green on what is merged into a branch.

        The branch itself tells those of its protection to whoever may read; those of rulesets stand apart.
        """
        found = self._found(f"/repos/{repo}/branches/{quote(branch)}")
        protection = (found or {}).get("protection") or {}
        contexts = list((protection.get("required_status_checks") or {}).get("contexts") or [])
        contexts += read.read_required(self._rules(repo, branch) if found else [])
        contexts = [name for name in dict.fromkeys(contexts) if name not in OWN_CHECKS]
        return {"contexts": contexts, "patterns": False}

    # issues and comments

    def create_issue(self, repo: str, title: str, body: str, labels: Sequence[str] = ()) -> Issue:
        """Open an issue with its labels."""
        payload = {"title": title, "body": body, "labels": list(dict.fromkeys(labels))}
        return read_issue(self.api.send("POST", f"/repos/{repo}/issues", payload))

    def issues_with_label(self, repo: str, label: str, state: str = "all") -> list[Issue]:
        """The issues and pull requests that carry a label."""
        return [read_issue(raw) for raw in self._list(f"/repos/{repo}/issues", labels=label, state=state)]

    def react_comment(self, repo: str, comment_id: int, content: str, remove: str | None = None) -> None:
        """Add a reaction to a comment; `remove` names one that it replaces."""
        self._react(f"/repos/{repo}/issues/comments/{comment_id}/reactions", content, remove)

    def react_issue(self, repo: str, number: int, content: str, remove: str | None = None) -> None:
        """Add a reaction to an issue's own text; `remove` names one that it replaces."""
        self._react(f"/repos/{repo}/issues/{number}/reactions", content, remove)

    def timeline(self, repo: str, number: int) -> list[TimelineRow]:
        """Who added and removed labels, closed and reopened, oldest first."""
        moments = map(read.read_moment, self._list(f"/repos/{repo}/issues/{number}/timeline"))
        return [moment for moment in moments if moment]

    # labels

    def set_labels(self, repo: str, number: int, add: Iterable[str], remove: Iterable[str]) -> list[str]:
        """Reads the current labels, then writes as little as possible; returns the names there now."""
        path = f"/repos/{repo}/issues/{number}/labels"
        current = [str(raw["name"]) for raw in self._list(path)]
        gone = {name.casefold() for name in remove}
        stay = [name for name in current if name.casefold() not in gone]
        here = {name.casefold() for name in current}
        new = [name for name in dict.fromkeys(add) if name.casefold() not in here]
        lost = [name for name in current if name not in stay]
        if lost and (new or len(lost) > 1):
            self.api.send("PUT", path, {"labels": [*stay, *new]})
        elif lost:
            self._gone(f"{path}/{quote(lost[0], safe='')}")
        elif new:
            self.api.send("POST", path, {"labels": new})
        return [*stay, *new]

    def make_labels(self, repo: str, labels: Iterable[Mapping[str, str]]) -> None:
        """Create the labels that the repository lacks."""
        path = f"/repos/{repo}/labels"
        known = {raw["name"].casefold() for raw in self._list(path)}
        for label in labels:
            if label["name"].casefold() not in known:
                self._make_label(path, label)

    # pull requests

    def pull(self, repo: str, number: int, known_reviews: Iterable[int] = ()) -> Pull:
        """A pull request with its reviews and checks; inline comments only of new requests for changes."""
        path = f"/repos/{repo}/pulls/{number}"
        pull = read.read_pull(self.api.get(path))
        sha = pull["head"]["sha"]
        rows = [read.read_review(raw, sha) for raw in self._list(f"{path}/reviews") if read.is_review(raw)]
        reviews = [self._with_remarks(path, review, set(known_reviews)) for review in rows]
        return {**pull, "reviews": reviews, "status": self.checks(repo, sha)}

    def find_pull(self, repo: str, head_branch: str, base: str) -> int | None:
        """The number of the open pull request from a branch of this repository into another."""
        head = f"{repo.split('/')[0]}:{head_branch}"
        found = self._list(f"/repos/{repo}/pulls", state="open", head=head, base=base)
        numbers = [int(raw["number"]) for raw in found if _is(raw, repo, head_branch, base)]
        return next(iter(numbers), None)

    def create_pull(
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> Opened:
        """Open a pull request, or return the one that is already open.

        Refused where the repository's plan has no drafts and it is to be one.
        """
        payload: Raw = {"title": title, "body": body, "head": head, "base": base, "draft": draft}
        try:
            raw = self.api.send("POST", f"/repos/{repo}/pulls", payload)
        except Refused as refusal:
            existing = self.find_pull(repo, head, base) if refusal.status == 422 else None
            if existing is None:
                raise
            raw = self.api.get(f"/repos/{repo}/pulls/{existing}")
        return {"number": raw["number"], "head_sha": raw["head"]["sha"], "html_url": raw["html_url"]}

    def set_draft(self, repo: str, number: int, draft: bool) -> None:
        """Make an open pull request a draft, or have it reviewed again; only GraphQL can do that."""
        raw = self.api.get(f"/repos/{repo}/pulls/{number}")
        if bool(raw.get("draft")) is draft:
            return
        name = "convertPullRequestToDraft" if draft else "markPullRequestReadyForReview"
        query = (
            f"mutation($id: ID!) {{ {name}(input: {{pullRequestId: $id}}) {{ pullRequest {{ isDraft }} }} }}"
        )
        api = Connection(self.api.base.removesuffix("/v3"), _headers(self.credential(repo)[1]), self._timeout)
        told = api.send("POST", "/graphql", {"query": query, "variables": {"id": raw["node_id"]}})
        if errors := (told or {}).get("errors"):
            raise Refused(422, str(errors[0].get("message")))

    def pushes(self, repo: str, number: int, branch: str) -> list[Push] | None:
        """Who pushed to the branch since it began, by the repository's activity; None on a server without it.

        The activity begins with the newest; a branch of this name that was deleted was another one.
        """
        try:
            found = list(self._list(f"/repos/{repo}/activity", ref=f"refs/heads/{branch}"))
        except Refused as refusal:
            if refusal.status in (403, 404):
                return None
            raise
        return list(takewhile(lambda push: push["after"], map(read.read_push, found)))

    def merge(
        self, repo: str, number: int, head_sha: str, style: str, delete_branch: bool = True,
        title: str | None = None, message: str | None = None,
    ) -> Merged:  # fmt: skip
        """Merge exactly this head; NotYet while GitHub checks, Refused(409, "conflict") in a conflict."""
        path = f"/repos/{repo}/pulls/{number}"
        message_fields = {"commit_title": title, "commit_message": message or ""} if title else {}
        how = {"merge_method": style, "sha": head_sha} | message_fields
        try:
            sha = self.api.send("PUT", f"{path}/merge", how)["sha"]
        except Refused as refusal:
            sha = self._not_merged(path, refusal)
        if delete_branch:
            self._delete_branch_of(repo, path)
        return {"merged": True, "merge_sha": sha}

    def update_branch(self, repo: str, number: int, head_sha: str | None = None) -> bool:
        """Merge the base into the branch; False if up to date. A conflict is Refused(409, "conflict")."""
        body = {"expected_head_sha": head_sha} if head_sha else {}
        try:
            self.api.send("PUT", f"/repos/{repo}/pulls/{number}/update-branch", body)
        except Refused as refusal:
            if "conflict" in refusal.message.lower():
                raise Refused(409, "conflict") from None
            if "no new commits" not in refusal.message.lower():
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
        """Create a signed webhook."""
        config = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
        payload = {"name": "web", "active": True, "events": list(events or HOOK_EVENTS), "config": config}
        return int(self.api.send("POST", f"/repos/{repo}/hooks", payload)["id"])

    # what differs from Gitea

    def _repository(self, raw: Raw) -> Repository:
        # GitHub does not say whether it is empty; size 0 may also be a very small or very new repository
        empty = raw["size"] == 0 and self.branch_head(raw["full_name"], raw["default_branch"]) is None
        return read.read_repository(raw, empty) | {"clone_url": self.clone_url(raw["full_name"])}

    def _comment(self, raw: Raw) -> Comment:
        return read.read_comment(raw)

    def _list(self, path: str, **params: Any) -> Iterator[Raw]:
        for answer in self.api.pages(path, per_page=_PAGE, **params):
            yield from json_of(answer)

    def _dated_list(self, path: str, params: Mapping[str, Any]) -> tuple[list[Raw], str]:
        return dated(self.api.pages(path, per_page=_PAGE, **params))

    def _within(self, api: Connection, path: str, key: str) -> list[Raw]:
        """A list inside an object."""
        return [raw for answer in api.pages(path, per_page=_PAGE) for raw in json_of(answer)[key]]

    def _reachable(self) -> Iterator[Raw]:
        if not isinstance(self._token, GitHubApp):
            yield from self._list("/user/repos")
            return
        for token in self._token.every_token():
            api = Connection(self.api.base, _headers(token), self._timeout)
            yield from self._within(api, "/installation/repositories", "repositories")

    def checks(self, repo: str, sha: str) -> Checks:
        """What reported on a commit, less our own status."""
        commit = f"/repos/{repo}/commits/{sha}"
        statuses = self._within(self.api, f"{commit}/status", "statuses")
        runs = self._within(self.api, f"{commit}/check-runs", "check_runs")
        return combined(read.read_checks(statuses, runs))

    def _rules(self, repo: str, branch: str) -> list[Raw]:
        try:
            return list(self._list(f"/repos/{repo}/rules/branches/{quote(branch)}"))
        except Refused as refusal:
            # an old server has no rulesets, and on a plan without them (403 "Upgrade …") none is in force
            if refusal.status == 404 or (refusal.status == 403 and "upgrade" in refusal.message.lower()):
                return []
            raise

    def _with_remarks(self, pull: str, review: Review, known: set[int]) -> Review:
        if review["state"] == "changes_requested" and review["id"] not in known:
            inline = self._list(f"{pull}/reviews/{review['id']}/comments")
            review["comments"] = [read.read_inline(remark) for remark in inline]
        return review

    def _react(self, path: str, content: str, remove: str | None) -> None:
        self.api.send("POST", path, {"content": content})
        if not remove:
            return
        self._login = self._login or self.me()["login"]
        for raw in list(self._list(path, content=remove)):
            if (raw["user"] or {}).get("login") == self._login:
                self._gone(f"{path}/{raw['id']}")

    def _make_label(self, path: str, label: Mapping[str, str]) -> None:
        payload = {name: label[name] for name in ("name", "color", "description") if name in label}
        try:
            self.api.send("POST", path, payload)
        except Refused as refusal:
            if "already_exists" not in refusal.message:
                raise

    def _not_merged(self, path: str, refusal: Refused) -> str:
        """Why it did not merge, by the pull request itself; its merge commit if it is merged after all."""
        pull = self.api.get(path)
        if pull["merged"]:
            return str(pull["merge_commit_sha"])
        message = refusal.message.lower()
        if pull["state"] != "open":
            raise Refused(refusal.status, "the pull request is closed") from None
        if refusal.status == 409:
            raise Refused(409, "head out of date") from None
        if refusal.status == 405 and (pull.get("mergeable") is None or "base branch was modified" in message):
            raise NotYet(
                self.api.host, "the forge still checks whether it can be merged", status=405
            ) from None
        if refusal.status == 405 and pull["mergeable"] is False and pull.get("mergeable_state") == "dirty":
            raise Refused(409, "conflict") from None
        raise refusal from None

    def _delete_branch_of(self, repo: str, path: str) -> None:
        head = self.api.get(path)["head"]
        if (head.get("repo") or {}).get("full_name") == repo:
            self._gone(f"/repos/{repo}/git/refs/heads/{quote(head['ref'])}", also=(422,))

    def _headers(self, path: str) -> Mapping[str, str]:
        if isinstance(self._token, str):
            return _headers(self._token)
        repo = _REPO.search(path)
        if repo is None:
            raise Refused(403, f"a GitHub App can only call paths of repositories, not {path}")
        return _headers(self._token.token(repo[1]))


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def _is(raw: Raw, repo: str, head_branch: str, base: str) -> bool:
    home = (raw["head"].get("repo") or {}).get("full_name") == repo
    return home and raw["head"]["ref"] == head_branch and raw["base"]["ref"] == base
