"""Searches what an attempt would send out for every secret of the run and of the bot."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shell.agent.git import Git
from shell.agent.tree import Change
from shell.secrets import mask, stands_in

_SUBMODULE = "160000"
_SAID = ("title", "description", "pr_title", "pr_body", "branch")


def leaks(git: Git, found: Iterable[Change], message: str, spec: Mapping[str, Any]) -> list[str]:
    """Where a secret stands, in words that hold none of it; empty where there is none.

    Searched: the changed files' names and whole contents, the commit message, title and description of
    the pull request. What is compressed or encrypted is not seen into.
    """
    said = {"the commit message": message} | {f"the {name}": str(spec.get(name) or "") for name in _SAID}
    places = [place for place, text in said.items() if stands_in([text.encode(errors="replace")])]
    kept = [change for change in found if change.kind != "D"]
    places += [
        f"the name {mask(change.path)}"
        for change in kept
        if stands_in([change.path.encode(errors="replace")])
    ]
    files = {change.blob: change.path for change in kept if change.mode != _SUBMODULE}
    return places + [mask(files[blob]) for blob in _leaking(git, files)]


def _leaking(git: Git, blobs: Iterable[str]) -> Iterator[str]:
    for blob, content in git.contents(blobs):
        if stands_in(content):
            yield blob
