"""The policy of a repository, by which its sprints are decided: `.caloron.yml`, settings and defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from shell.repository_config import effective, origins
from shell.settings import Settings

if TYPE_CHECKING:
    from stages.world import Account, DeclaredPolicy, Policy, RepositoryValues


def policy_for(
    settings: Settings,
    me: Account,
    values: RepositoryValues,
    declared: DeclaredPolicy,
) -> Policy:
    """`values` are those of the repository's file, `declared` what no one sets."""
    policy = {
        "me": {"login": me["login"], "id": me["id"]},
        **effective(settings, values),
        **declared,
        **({"origins": found} if (found := origins(settings)) else {}),
    }
    return cast("Policy", policy)
