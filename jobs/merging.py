"""Ask the forge afresh, right before a merge: who approved, who pushed, who may, and what it would change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jobs.configuration import mistake_at
from shell.agent.git import GitError
from shell.agent.proposal import Proposal, brought, kept_heads, look_at
from shell.errors import Refused, Unavailable
from shell.forge.protocol import Pull, Review
from shell.neutralize import as_title, without_links
from shell.repository_config import FILE

if TYPE_CHECKING:
    from jobs.action_handlers import Target
if TYPE_CHECKING:
    from stages.world import (
        ForgePermission,
        KeptHeads,
        LookUpdates,
        MergeFacts,
        MergePr,
        ProposedCommit,
        PushSeen,
        ReviewSeen,
    )

OUT_OF_DATE = "head out of date"


def merge_facts(target: Target, action: MergePr) -> MergeFacts:
    """All that decides whether an approval counts. Refused if it is not the pull request that was meant."""
    pull = target.forge.pull(target.repo, action["pr_number"])
    _still_the_same(target, action, pull)
    base, proposal = _proposal(target, action, pull)
    kept = list(proposal.kept)
    reviews = [_review(review, action.get("bots") or []) for review in pull["reviews"]]
    own = _own(target, action, proposal)
    judging = {review["author"] for review in reviews if review["commit_sha"] in kept}
    facts: MergeFacts = {
        "forge": "github" if target.lane.startswith("github") else "gitea",
        "author_id": pull["author_id"],
        "ours": sorted(target.ours()),
        "reviews": reviews,
        "counting": kept,
        "commits": _commits(target, action, proposal, own),
        "pushes": _pushes(target, action, pull, base),
        "permissions": {login: _permission(target, login) for login in sorted(judging)},
        "guarded": list(proposal.guarded),
        "links": list(proposal.links),
        "closing": _closing(target, proposal, own),
        "behind": proposal.behind,
    }
    if FILE in proposal.guarded and (line := mistake_at(target, action["head_sha"])):
        facts["mistake_on_line"] = line
    return facts


def updates(target: Target, look: LookUpdates) -> KeptHeads:
    """The heads that the present one keeps an approval of; empty if it is another one by now."""
    with _git_failures():
        heads = target.git().fetch(look["base"], look["branch"])
        base, head = heads.get(look["base"]), look["head_sha"]
        if base is None or heads.get(look["branch"]) != head:
            return {"kept": []}
        return {"kept": kept_heads(target.git(), base, head)}


def _still_the_same(target: Target, action: MergePr, pull: Pull) -> None:
    """A default branch may be renamed meanwhile: then the forge has given the pull request its new name."""
    if pull["head"]["sha"] != action["head_sha"]:
        raise Refused(409, OUT_OF_DATE)
    if pull["state"] != "open" and not pull["merged"]:
        raise Refused(409, "the pull request is closed")
    base = action.get("base") or pull["base"]["ref"]
    now = pull["base"]["ref"]
    if now != base and now != target.forge.repository(target.repo)["default_branch"]:
        raise Refused(409, f"it goes into {pull['base']['ref']} by now; set its base to {base} again")


def _proposal(target: Target, action: MergePr, pull: Pull) -> tuple[str, Proposal]:
    base, branch = pull["base"]["ref"], pull["head"]["ref"]
    with _git_failures():
        repository = target.git()
        heads = repository.fetch(base, branch)
        if heads.get(branch) != action["head_sha"] or base not in heads:
            raise Refused(409, OUT_OF_DATE)
        return heads[base], look_at(
            repository, heads[base], action["head_sha"], action.get("protected") or []
        )


def _review(review: Review, bots: list[int]) -> ReviewSeen:
    return {
        "id": review["id"],
        "author": review["author"],
        "author_id": review["author_id"],
        "verdict": review["state"],
        "commit_sha": review["commit_sha"],
        "machine": bool(review.get("machine")) or review["author_id"] in bots,
    }


def _own(target: Target, action: MergePr, proposal: Proposal) -> set[str]:
    """The commits that the shell pushed."""
    own = set(action.get("pushed") or []) | target.git().noted_pushed()
    return own if own.issuperset(proposal.commits) else own | _reported(target)


def _closing(target: Target, proposal: Proposal, own: set[str]) -> list[str]:
    """A forge closes what a commit's message names, by the rights of whoever merges it: by the bot's."""
    others = [commit for commit in proposal.commits if commit not in own]
    messages = (target.git().message(commit) for commit in others)
    return [found[0] for message in messages for found in CLOSES_ELSEWHERE.finditer(message)]


CLOSES_ELSEWHERE = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|implement(?:s|ed)?)\b:?\s*"
    r"(?:[\w.-]+/[\w.-]+[#!]\d+|https?://\S+/(?:issues|pulls?)/\d+)",
    re.IGNORECASE,
)


def disarm(target: Target, number: int, closes: int | None) -> None:
    """Take the effect from what others wrote into the pull request's title and text since we did.

    A forge closes the issues that they name when the bot merges, by the bot's rights.
    """
    issue = target.forge.issue(target.repo, number)
    title, body = as_title(issue["title"], _LONGEST_TITLE), issue["body"] or ""
    lines = [line if _harmless(line, closes) else without_links(line) for line in body.split("\n")]
    if title != issue["title"] or lines != body.split("\n"):
        target.forge.edit_issue(target.repo, number, title=title, body="\n".join(lines))


def _harmless(line: str, closes: int | None) -> bool:
    return line.strip() == f"Closes #{closes}" or not _CLOSING_WORD.search(line)


_CLOSING_WORD = re.compile(r"\b(?:close|fix|resolv|implement|reopen)\w*", re.IGNORECASE)
_LONGEST_TITLE = 255


def _commits(target: Target, action: MergePr, proposal: Proposal, own: set[str]) -> list[ProposedCommit]:
    """A commit that the forge does not list has no known author: who brought it must be told otherwise."""
    people = target.forge.commit_authors(target.repo, action["pr_number"])
    return [
        {
            "sha": commit,
            "own": commit in own,
            "update": commit in proposal.updates,
            "people": people.get(commit, []),
        }
        for commit in proposal.commits
    ]


def _reported(target: Target) -> set[str]:
    """What runs of a version that told of no `agent_pushed` reported as pushed by themselves."""
    events = (entry["event"] for entry in target.store.journal(target.lane, -_ENTRIES, _ENTRIES))
    ended = (event for event in events if event["type"] == "agent_finished")
    pushed = (event.get("head_sha") for event in ended if str(event.get("reason")).startswith("Pushed "))
    return {head for head in pushed if head}


_ENTRIES = 5000


def _pushes(target: Target, action: MergePr, pull: Pull, base: str) -> list[PushSeen] | None:
    pushes = target.forge.pushes(target.repo, action["pr_number"], pull["head"]["ref"])
    if pushes is None:
        return None
    with _git_failures():
        repository = target.git()
        return [
            {
                "actor": push["actor"],
                "actor_id": push["actor_id"],
                "commits": brought(repository, base, push),
            }
            for push in pushes
            if push["commits"] or push["after"]
        ]


def _permission(target: Target, login: str) -> ForgePermission:
    """Asked each time; whoever the forge knows nothing of may nothing."""
    try:
        found = target.forge.permission(target.repo, login)
    except Refused:
        return {"login": login, "user_id": None, "permission": "none"}
    return {"login": login, "user_id": found["user_id"], "permission": found["permission"]}


@contextmanager
def _git_failures() -> Iterator[None]:
    """What fails in git is, as with any call of a forge, passing or final."""
    try:
        yield
    except GitError as error:
        if error.passing:
            raise Unavailable("git", str(error)) from error
        raise Refused(409, f"git cannot read it: {error}") from error
