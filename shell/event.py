"""An event: something that happened, once, as one flat JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from stages.world import Changed as Changed
    from stages.world import Event as Event
    from stages.world import IssueComment as IssueComment
else:
    Changed = Event = IssueComment = dict
    """When it runs, an event is a plain object; its fields: `stages/world.py`, docs/events.md."""

ForgeKind = Literal["gitea", "github"]

LARGEST_ID = 2**53
"""Numbers of repositories, issues, comments and accounts are no larger; beyond, two may be the same float."""


class Ignored(TypedDict):
    """A delivery that means nothing here, and why; it comes into no lane."""

    type: Literal["ignored"]
    reason: str
    forge: NotRequired[str]
    repo_id: NotRequired[int]
    repo: NotRequired[str]
    actor: NotRequired[str | None]
    actor_id: NotRequired[int | None]
    created_at: NotRequired[str | None]


Delivered = Changed | IssueComment | Ignored
"""What one delivery of a webhook becomes."""


def lane_of(event: Event) -> str:
    """The lane (one repository) of the event: `<forge>-<repository id>`; Forgejo counts as Gitea."""
    forge = "github" if event["forge"] == "github" else "gitea"
    return f"{forge}-{event['repo_id']}"


def kind_of(lane: str) -> ForgeKind:
    """The kind of forge that a lane's repository is on."""
    return "github" if lane.partition("-")[0] == "github" else "gitea"
