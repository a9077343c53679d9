"""Which repositories the operator has let in, by what the forge says of them: nowhere else the bot acts."""

from dataclasses import dataclass
from typing import TypedDict

from shell.settings import Settings


class Facts(TypedDict, total=False):
    """What the forge said about a repository when it was last asked."""

    repo: str
    """Its name, `owner/name`; absent where the forge did not show it."""
    owner_id: int
    """The number of its owner: a person or an organisation."""
    app: bool
    """Whether our account there is an App."""
    named: str
    """The entry of CALORON_REPOS that once named it."""
    named_owner: int
    """The owner's number then."""
    wrong: str
    """Why the forge did not show it, in words."""
    at_ms: int
    """When it was asked."""


@dataclass(frozen=True)
class Admission:
    """Whether a lane's repository is known, and let in."""

    verified: bool
    """Whether the forge has shown the repository with this id."""
    let_in: bool
    reason: str
    """Why, or why not, in words."""
    owner_id: int | None = None


UNKNOWN = Admission(False, False, "the forge has not been asked about this repository yet")
NOT_LET_IN = "this repository was not let in: run `caloron install OWNER/NAME` or name it in CALORON_REPOS"


def admission_of(settings: Settings, facts: Facts | None, installed: bool) -> Admission:
    """What follows from the settings and from what the forge said."""
    if not facts:
        return UNKNOWN
    if "repo" not in facts:
        return Admission(False, False, facts.get("wrong") or NOT_LET_IN)
    how = _how(settings, facts, installed)
    return Admission(True, how is not None, how or NOT_LET_IN, facts["owner_id"])


def _how(settings: Settings, facts: Facts, installed: bool) -> str | None:
    if installed:
        return "installed by `caloron install`"
    if entry := entry_for(settings, facts["repo"]):
        return f"named in CALORON_REPOS ({entry})"
    pinned = facts.get("named") in settings.repos and facts.get("named_owner") == facts["owner_id"]
    if pinned and not str(facts.get("named")).endswith("/*"):
        return f"named in CALORON_REPOS as {facts['named']}, before it was renamed"
    owner = facts["repo"].partition("/")[0].casefold()
    if facts.get("app") and owner in {name.casefold() for name in settings.owners}:
        return "an App installation of an owner in CALORON_OWNERS"
    return None


def entry_for(settings: Settings, repo: str) -> str | None:
    """The entry of CALORON_REPOS that names this repository; forges ignore case in names."""
    owner = repo.casefold().partition("/")[0]
    for entry in settings.repos:
        if entry.casefold() in (repo.casefold(), f"{owner}/*"):
            return entry
    return None
