"""Whose settings are read: an owner's defaults only where the operator has let in that repository, too."""

from types import SimpleNamespace
from typing import Any

import pytest

from jobs.configuration import settings_of
from shell.errors import Refused

LOOK: Any = {"type": "look", "what": "config", "key": "look:config", "branch": "main", "known": "c1"}
THEIRS = {"full_name": "acme/.caloron", "id": 8, "owner_id": 3, "default_branch": "main"}


def found(lets_in: bool = True, refused: int | None = None) -> Any:
    """What a look finds where the owner keeps a file that opens a gate."""

    def repository(name: str) -> Any:
        if refused:
            raise Refused(refused, "no")
        return THEIRS

    forge = SimpleNamespace(
        repository=repository,
        branch_head=lambda repo, branch: "c1",
        file=lambda repo, path, commit: "gates: {plan: auto}",
    )
    store = SimpleNamespace(
        facts=lambda lane: ({"owner_id": 3}, False), load=lambda lane: SimpleNamespace(state={})
    )
    target: Any = SimpleNamespace(
        repo="acme/shop", lane="gitea-7", forge=forge, store=store, lets_in=lambda found: lets_in
    )
    return settings_of(target, LOOK)


def test_an_owners_defaults_count_where_their_repository_was_let_in() -> None:
    assert found()["organisation"]["values"] == {"plan_gate": "auto"}
    assert found(lets_in=False)["organisation"] is None


@pytest.mark.parametrize(("status", "known"), [(404, {"organisation": None}), (403, {})])
def test_only_where_there_is_none_they_are_forgotten(status: int, known: dict[str, Any]) -> None:
    assert found(refused=status) == {"commit": "c1", **known}
