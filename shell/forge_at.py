"""The forge that a stage names by `host` and `token_env`, and the few calls that only stages make."""

import os
from typing import Any
from urllib.parse import urlsplit

import requests

from shell.errors import Refused, Unavailable
from shell.forge import Forge
from shell.forge.http import json_of
from shell.forge.protocol import Comment, Issue
from shell.marker import mark, marked, read_marks

GITHUB = "https://api.github.com"
SHELL_URL = "http://localhost:7710"


def forge_at(host: str | None, token_env: str | None) -> Forge:
    """A client for an API's address; the token stays in the environment, and goes to no unknown server."""
    url = (host or os.environ.get("GITHUB_API_URL") or GITHUB).rstrip("/")
    is_github = _is_github(url)
    name = token_env or ("GITHUB_TOKEN" if is_github else "GITEA_TOKEN")
    token = os.environ.get(name)
    if not token:
        raise ValueError(f"{name} is not set: put the token for {url} there, or name another in 'token_env'")
    if is_github:
        from shell.forge.github import GitHubForge

        return GitHubForge(url, token)
    _refuse_strangers(url)
    from shell.forge.gitea import GiteaForge

    return GiteaForge(url.removesuffix("/api/v1"), token)


def open_pulls(forge: Any, repo: str) -> list[int]:
    """The numbers of all open pull requests."""
    pages = forge.api.pages(f"/repos/{repo}/pulls", state="open")
    return [int(raw["number"]) for page in pages for raw in json_of(page)]


def comment_once(forge: Forge, repo: str, number: int, body: str, kind: str, key: str) -> Comment:
    """Write the comment with its key as a hidden marker, unless our account did so before."""
    mine = forge.me()["id"]
    for comment in forge.issue_comments(repo, number):
        if comment["author_id"] == mine and _has(comment["body"], key):
            return comment
    return forge.comment(repo, number, marked(body, mark(kind, key)))


def create_issue_once(
    forge: Forge,
    repo: str,
    title: str,
    body: str,
    labels: list[str],
    kind: str,
    key: str,
    sprint: str = "",
    task: str = "",
) -> Issue:
    """Open the issue with its key as a hidden marker, unless our account did so before."""
    mine = forge.me()["id"]
    listed = forge.issues_with_label(repo, labels[0]) if labels else forge.changes_since(repo, None)["issues"]
    for issue in listed:
        if issue["author_id"] == mine and _has(issue["body"] or "", key):
            return issue
    return forge.create_issue(repo, title, marked(body, mark(kind, key, sprint, task)), labels)


def ask_shell(url: str | None, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Call the shell's HTTP surface; raises Unavailable or Refused like a forge."""
    base = (url or os.environ.get("CALORON_SHELL_URL") or SHELL_URL).rstrip("/")
    token = {"x-caloron-token": os.environ.get("CALORON_SHELL_TOKEN", "")}
    try:
        answer = requests.post(base + path, json=body, headers=token, timeout=10, allow_redirects=False)
        reply = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(base, f"the shell does not answer ({type(error).__name__})") from None
    if not answer.ok or not reply.get("ok"):
        raise Refused(answer.status_code, str(reply.get("error") or "the shell refused without a reason"))
    return dict(reply)


def _is_github(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    known = (os.environ.get("GITHUB_API_URL") or GITHUB).rstrip("/")
    return url == known or host in ("api.github.com", "github.com") or url.endswith("/api/v3")


def _refuse_strangers(url: str) -> None:
    own = os.environ.get("GITEA_URL")
    if own and urlsplit(own).netloc != urlsplit(url).netloc:
        raise ValueError(f"{url} is not the server of GITEA_URL, so the token is not sent there")


def _has(text: str, key: str) -> bool:
    return any(found["key"] == key for found in read_marks(text))


def repository_facts(forge: Any, repo: str) -> dict[str, Any]:
    """A repository, its last commits and its languages as the forge says them; no commits if it is empty."""
    found = forge.api.get(f"/repos/{repo}")
    try:
        commits = forge.api.get(f"/repos/{repo}/commits", per_page=5, limit=5)[:5]
    except Refused as refusal:
        if refusal.status not in (404, 409):  # what the forges answer for a repository without a commit
            raise
        commits = []
    return {"repository": found, "commits": commits, "languages": forge.api.get(f"/repos/{repo}/languages")}
