"""An event: something that happened, once, as one flat JSON object."""

from typing import Any, Literal

Event = dict[str, Any]
"""`type`, `key`, `at`; from a forge also `forge, repo_id, repo, actor, actor_id`. All: docs/events.md."""

ForgeKind = Literal["gitea", "github"]


def lane_of(event: Event) -> str:
    """The lane (one repository) of the event: `<forge>-<repository id>`; Forgejo counts as Gitea."""
    forge = "github" if event["forge"] == "github" else "gitea"
    return f"{forge}-{event['repo_id']}"
