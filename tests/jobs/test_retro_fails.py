"""A retro that cannot be written: the sprint ends all the same, once, and a person is told."""

from typing import Any

import pytest

from handlers.switchboard import INSTEAD, composition_for, expand
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell.store import Loaded
from shell.store.decision import Decision
from tests.jobs.test_refused import POLICY, SAID, Lane


@pytest.fixture
def lane() -> Lane:
    task = {"id": "a", "title": "A", "agent_id": "a", "status": "InReview", "attempt": 1, "issue_number": 5}
    return Lane({"status": "Running"}, running=4, tasks={"a": task})


def take(lane: Lane, *events: Any, breaks: str = "retro") -> Decision:
    def run(name: str, turn: Any) -> Any:
        if name == breaks:
            raise OverflowError("cannot convert float infinity to integer")
        return run_pure(name, turn)

    decider = Decider(
        expand, composition_for, run, lambda _: POLICY, lane.now, lambda *_: set(), instead=INSTEAD
    )
    decided = decide(Loaded("gitea-7", lane.state), [*events], decider)
    lane.state = decided.state
    return decided


def stop(lane: Lane, number: int) -> dict[str, Any]:
    who = {"author": "ann", "author_id": 2, "actor": "ann", "actor_id": 2}
    about = {"issue_number": 4, "is_pull": False, "comment_id": number, "found": True}
    return (
        SAID | who | about | {"type": "issue_comment", "key": f"c{number}", "at": lane.now(), "body": "/stop"}
    )


def test_the_sprint_ends_and_the_reference_is_told_once(lane: Lane) -> None:
    decided = take(lane, stop(lane, 1))
    assert lane.state["running"] is None and lane.state["kickoffs"]["4"]["status"] == "Cancelled"
    [letter] = decided.dead
    assert letter["event"]["type"] == "sprint_finished" and "float infinity" in letter["reason"]
    told = lane.state["kickoffs"]["4"]["retro_text"]
    assert letter["id"] in told and "could not write its retro" in told
    assert "comment" not in {one["type"] for one in decided.actions}
    assert "close_issue" in {one["type"] for one in decided.actions}
    assert "close_without_retro" in {entry["composition"] for entry in decided.entries}
    assert take(lane, stop(lane, 2)).dead == []


def test_what_fails_again_is_the_same_dead_letter(lane: Lane) -> None:
    event = SAID | {"type": "tick"}
    letters = [
        letter["id"]
        for n in range(3)
        for letter in take(lane, event | {"key": f"x{n}", "at": lane.now()}, breaks="tick").dead
    ]
    assert len(letters) == 3 and len(set(letters)) == 1
