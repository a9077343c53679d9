"""The policy of a repository, by which its sprints are decided: `.caloron.yml`, settings and defaults."""

from collections.abc import Mapping
from typing import Any

from shell.repository_config import effective
from shell.settings import Settings


def policy_for(settings: Settings, me: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`me` is our account on the forge; `values` are those of the repository's file, by the policy's keys."""
    return {"me": {"login": me["login"], "id": me["id"]}, **effective(settings, values)}
