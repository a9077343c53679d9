"""An event: something that happened, once, as one flat JSON object."""

from typing import Any, Literal

Event = dict[str, Any]
"""`type`, `key`, `at`; from a forge also `forge, repo_id, repo, actor, actor_id`. All: docs/events.md."""

ForgeKind = Literal["gitea", "github"]

LARGEST_ID = 2**53
"""Numbers of repositories, issues and comments are positive and no larger."""


def lane_of(event: Event) -> str:
    """The lane (one repository) of the event: `<forge>-<repository id>`; Forgejo counts as Gitea."""
    forge = "github" if event["forge"] == "github" else "gitea"
    return f"{forge}-{event['repo_id']}"
