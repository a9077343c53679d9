"""`caloron doctor`: is everything there that the bot needs, and does it say yes."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import click

from shell.agent.frameworks import FRAMEWORKS
from shell.agent.git import git_problem
from shell.agent.sandbox import find_sandbox
from shell.errors import Refused, Unavailable
from shell.event import ForgeKind
from shell.forge import Forge, client_for
from shell.settings import Settings
from shell.store import Store, connect

from .output import output_option, say

NEEDED_SCOPES: dict[ForgeKind, str] = {
    "gitea": "it needs the scopes write:repository, write:issue, read:user",
    "github": "it needs `repo`, or read and write on contents, issues, pull requests, statuses and webhooks",
}
MARKS = {"good": "✔", "mind": "!", "bad": "✘"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: good, to be minded, or bad; and words."""

    what: str
    state: Literal["good", "mind", "bad"]
    words: str


@click.command()
@output_option
def doctor(output: str) -> None:
    """Check that everything the bot needs is there and says yes."""
    settings = Settings.load()
    found = list(examine(settings))
    rows = [asdict(finding) for finding in found]
    say(output, rows, rows, lambda: "\n".join(f"{MARKS[one.state]} {one.what}: {one.words}" for one in found))
    if any(finding.state == "bad" for finding in found):
        raise SystemExit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order in which a person would mend them."""
    yield Finding("settings", "good", "complete (`caloron config` shows them)")
    yield _git()
    yield _store(settings)
    for kind in settings.forges:
        yield from _forge(settings, kind)
    yield _framework(settings)
    sandbox = find_sandbox()
    yield Finding("sandbox", "good" if sandbox.program else "mind", sandbox.statement)


def _git() -> Finding:
    problem = git_problem()
    return Finding("git", "bad" if problem else "good", problem or "here, and new enough")


def _store(settings: Settings) -> Finding:
    try:
        Store(connect(settings.store_url, socket_timeout=1.0)).health()
    except Unavailable as error:
        if settings.redis_url:
            return Finding("store", "bad", f"{error}; check REDIS_URL")
        return Finding("store", "mind", "the embedded one is not running; `caloron up` starts it")
    return Finding("store", "good", "answers")


def _forge(settings: Settings, kind: ForgeKind) -> Iterator[Finding]:
    forge = client_for(kind, settings)
    try:
        account = forge.me()
        yield Finding(kind, "good", f"reached, as {account['login']}")
        repos = settings.repos or [repository["full_name"] for repository in forge.repositories()]
        if not repos:
            yield Finding(
                kind, "bad", f"{account['login']} may push to no repository; add it to one with write"
            )
    except (Refused, Unavailable) as error:
        yield Finding(kind, "bad", f"{error}; check its address and token ({NEEDED_SCOPES[kind]})")
        return
    if repos:
        yield token_scopes(forge, kind, repos[0])
    for repo in repos:
        yield _guarded(repo, lambda repo=repo: _rights(forge, repo))  # type: ignore[misc]
        yield _guarded(f"{repo} hook", lambda repo=repo: _hook(settings, forge, repo))  # type: ignore[misc]


def _guarded(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (Refused, Unavailable) as error:
        return Finding(what, "bad", str(error))


def _rights(forge: Forge, repo: str) -> Finding:
    rights = forge.repository(repo)["permissions"]
    if rights["admin"]:
        return Finding(repo, "good", "may administer it")
    if rights["push"]:
        words = (
            "may write, not administer: on Gitea the bot then cannot ask what others may do, and obeys no one"
        )
        return Finding(repo, "mind", words)
    return Finding(repo, "bad", "may only read; give the bot's account write, better admin")


def token_scopes(forge: Forge, kind: ForgeKind, repo: str) -> Finding:
    """Takes away what cannot be there, number 0: a token without the scope is refused for that reason."""
    writes: tuple[Callable[[], object], ...] = (
        lambda: forge.delete_comment(repo, 0),
        lambda: forge.delete_hook(repo, 0),
    )
    for write in writes:
        try:
            write()
        except Refused as refusal:
            lacking = ("scope", "not accessible")
            if refusal.status == 403 and any(word in refusal.message for word in lacking):
                return Finding(f"{kind} token", "bad", f"{refusal.message}; {NEEDED_SCOPES[kind]}")
        except Unavailable as error:
            return Finding(f"{kind} token", "bad", str(error))
    return Finding(f"{kind} token", "good", "may write")


def _hook(settings: Settings, forge: Forge, repo: str) -> Finding:
    ours = [hook for hook in forge.list_hooks(repo) if hook["url"].startswith(settings.public_url)]
    if any(hook.get("active", True) for hook in ours):
        return Finding(f"{repo} hook", "good", f"calls {ours[0]['url']}")
    if not ours:
        words = f"no hook calls {settings.public_url}; `caloron install {repo}` makes one (without: slower)"
        return Finding(f"{repo} hook", "mind", words)
    return Finding(
        f"{repo} hook", "bad", "the hook is switched off; switch it on in the repository's settings"
    )


def _framework(settings: Settings) -> Finding:
    framework = FRAMEWORKS[settings.framework]
    if shutil.which(framework.program):
        return Finding("framework", "good", f"{framework.name} is here")
    return Finding("framework", "bad", f"`{framework.program}` is not here: {framework.install}")
