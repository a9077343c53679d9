"""Read `.caloron.yml`: of the base, of the repository's owner, and as a pull request would have it."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from handlers.commands import RIGHTS
from shell.config_file import Parsed, read_config, unreadable
from shell.errors import Refused
from shell.repository_config import FILE, ORGANISATION

if TYPE_CHECKING:
    from jobs.action_handlers import Target
if TYPE_CHECKING:
    from stages.world import (
        ForgeConfig,
        ForgeOrganisation,
        ForgeProposal,
        ForgeRepository,
        LookConfig,
        LookProposal,
    )


def settings_of(target: Target, look: LookConfig) -> ForgeConfig:
    """What `.caloron.yml` says at the branch's head; the file is not read again at a commit that is known."""
    commit = target.forge.branch_head(target.repo, look["branch"])
    found: ForgeConfig = {"commit": commit}
    with suppress(Refused):  # what is known of the owner's file stays, then
        found["organisation"] = _organisation(target)
    if commit is None or commit == look["known"]:
        return found
    text, parsed = _read_file(target, target.repo, commit)
    return {**found, "text": text and hashlib.sha256(text.encode()).hexdigest()[:16], **parsed}


def _read_file(target: Target, repo: str, commit: str) -> tuple[str, Parsed]:
    """The text of a repository's file at a commit, and what it says; empty where there is none."""
    try:
        text = target.forge.file(repo, FILE, commit) or ""
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return "", unreadable(refusal.message)
    return text, read_config(text, RIGHTS)


def _organisation(target: Target) -> ForgeOrganisation | None:
    """What the repository's owner keeps for all of theirs; None where there is none, or it was not let in.

    The name alone proves nothing: a repository that moved away is still found by its old one, and in many an
    organisation any member may make one. Refused where the forge does not show it now.
    """
    name = f"{target.repo.partition('/')[0]}/{ORGANISATION}"
    if name.casefold() == target.repo.casefold():
        return None
    try:
        found = target.forge.repository(name)
        facts, _ = target.store.facts(target.lane)
        same = found["full_name"].casefold() == name.casefold()
        if not same or facts is None or found["owner_id"] != facts.get("owner_id"):
            return None
        if not target.lets_in(found):
            return None
        commit = target.forge.branch_head(name, found["default_branch"])
        return _settings_of_owner(target, found, commit) if commit else None
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None


def _settings_of_owner(target: Target, found: ForgeRepository, commit: str) -> ForgeOrganisation:
    known = target.store.load(target.lane).state.get("organisation")
    beneath: ForgeOrganisation = {"full_name": found["full_name"], "commit": commit}
    if page := found.get("html_url"):
        beneath["html_url"] = page
    if known and (known["commit"], known["held_in"]) == (commit, found["full_name"]):
        return beneath
    parsed = _read_file(target, found["full_name"], commit)[1]
    return {**beneath, **parsed}


def proposal_of(target: Target, look: LookProposal) -> ForgeProposal:
    """What a pull request would make of the file: read as data, none of which is in effect."""
    head = look["head_sha"]
    if not target.forge.changes_file(target.repo, look["number"], FILE):
        return {"head_sha": head, "touched": False}
    parsed = _read_file(target, target.repo, head)[1]
    found: ForgeProposal = {"head_sha": head, "touched": True, "problems": parsed["problems"]}
    if parsed["problems"]:
        return found
    return {**found, "lines": parsed["lines"], "settings": target.holds(parsed["values"])}


def mistake_at(target: Target, head_sha: str) -> int | None:
    """The line of the first mistake in the file at a pull request's head; None where it may be used."""
    problems = _read_file(target, target.repo, head_sha)[1]["problems"]
    return problems[0]["line"] if problems else None
