"""Who set a label is what the forge's timeline says, whoever a delivery names, on every forge."""

from typing import Any

import pytest

from tests.jobs.test_refused import Lane

AT = "2026-01-01T12:00:00.000Z"


@pytest.mark.parametrize("forge", ["gitea", "github"])
@pytest.mark.parametrize("setter", ["eve", "ann"])
def test_a_delivery_that_names_someone_gives_nobody_their_right(forge: str, setter: str) -> None:
    """It names ann, who may write, as who set `caloron:sprint`; only if the timeline says so too, it acts."""
    lane = Lane({"status": "Proposed"})
    lane.state["kickoffs"] = {}
    claimed = {"actor": "ann", "actor_id": 2, "hint": "labeled", "label": "caloron:sprint", "labelled": True}
    [look] = lane.take("changed", forge=forge, object="issue", number=5, **claimed)
    assert (look["what"], look["number"]) == ("issue", 5)

    there = {"number": 5, "title": "A", "body": "", "state": "open", "labels": ["caloron:sprint"],
             "author": "eve", "author_id": 9, "is_pull": False, "html_url": "", "updated_at": AT}  # fmt: skip
    [asked] = lane.take("seen", forge=forge, what="issue", number=5, request=look, there=there)
    assert asked["what"] == "timeline"

    who = {"actor": setter, "actor_id": {"eve": 9, "ann": 2}[setter]}
    row = {"type": "label", "label": "caloron:sprint", "at": AT, **who}
    actions: Any = lane.take("seen", forge=forge, what="timeline", number=5, request=asked, there=[row])
    permissions = [one["login"] for one in actions if one.get("what") == "permission"]
    if setter == "ann":
        assert permissions == [] and set(lane.state["kickoffs"]) == {"5"}
    else:
        assert permissions == ["eve"] and lane.state["kickoffs"] == {}
