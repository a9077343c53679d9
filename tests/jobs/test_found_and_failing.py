"""What a look found and cannot be handled is tried once, kept once, and keeps nothing else back."""

from typing import Any

import pytest

from handlers.switchboard import composition_for, expand
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell.marker import mark
from shell.store import Loaded
from shell.store.decision import Decision
from tests.jobs.test_refused import POLICY, SAID, Lane

AT = "2026-01-01T12:00:00.000Z"
POISON = "/help poison"


def comment(number: int, body: str) -> Any:
    who = {"author": "ann", "author_id": 2}
    about = {"issue_number": number, "comment_id": 90 + number, "is_pull": False, "html_url": ""}
    return {
        **who,
        **about,
        "body": body,
        "key": f"comment:{90 + number}:x",
        "created_at": AT,
        "updated_at": AT,
    }


def caught_up(lane: Lane, *comments: Any) -> Any:
    """The answer to a reconciling look, which has a key of its own each time."""
    there = {"issues": [], "pulls": [], "comments": list(comments), "date": AT}
    request = {"type": "look", "what": "catch_up", "key": "look:catch_up", "since": AT}
    key = f"seen:look:catch_up:{lane.seconds}"
    return {**SAID, "type": "seen", "what": "catch_up", "request": request, "there": there, "key": key}


class Trial:
    """A lane whose decisions are made with one composition that fails on the poison."""

    def __init__(self, breaks: str) -> None:
        self.lane, self.breaks, self.tries = Lane({"status": "Proposed"}), breaks, 0
        self.handled: set[str] = set()

    def run(self, name: str, turn: Any) -> Any:
        if name == self.breaks and POISON.partition(" ")[2] in str(turn["events"]):
            self.tries += 1
            raise KeyError("poison")
        return run_pure(name, turn)

    def take(self, event: Any) -> Decision:
        def seen(_lane: str, keys: list[str]) -> set[str]:
            return self.handled & set(keys)

        decider = Decider(expand, composition_for, self.run, lambda _: POLICY, self.lane.now, seen)
        decided = decide(Loaded("gitea-7", self.lane.state), [event], decider)
        self.lane.state = decided.state
        self.handled |= decided.keys.keys()
        return decided


@pytest.mark.parametrize("breaks", ["command_answer", "differences"])
def test_one_that_fails_is_tried_once_and_the_others_count(breaks: str) -> None:
    """In what follows from the look, and in the comparison itself, which is then made one by one."""
    trial = Trial(breaks)
    found = [comment(5, "/ping"), comment(6, POISON), comment(7, "/ping")]
    decided = trial.take(caught_up(trial.lane, *found))
    actions: Any = decided.actions
    answered = {one["number"] for one in actions if one["key"].startswith("answer:")}
    assert answered == {5, 7}
    assert [letter["reason"].splitlines()[-1] for letter in decided.dead] == ["KeyError: 'poison'"]
    assert trial.lane.state["marks"]["since"] == AT, "what was caught up with is not fetched again"
    first = trial.tries
    assert first == {"command_answer": 1, "differences": 2}[breaks]

    again = trial.take(caught_up(trial.lane))  # nothing has changed on the forge since
    assert trial.tries == first and again.dead == []


def test_a_comment_that_is_fetched_again_is_not_tried_again() -> None:
    """The window of a look overlaps with the last one's."""
    trial = Trial("command_answer")
    for _ in range(3):
        trial.take(caught_up(trial.lane, comment(6, POISON)))
    assert trial.tries == 1


def test_the_one_thing_of_a_look_may_fail_and_time_goes_on() -> None:
    trial = Trial("differences")
    decided = trial.take(caught_up(trial.lane, comment(6, POISON)))
    assert trial.lane.state["marks"]["since"] == AT and len(decided.dead) == 1


def test_a_difference_whose_event_fails_is_known_from_then_on() -> None:
    """A pull request was closed; what follows from that fails. The next look finds nothing new."""
    trial = Trial("task_life")
    task = {"id": "poison", "title": "A", "agent_id": "a", "status": "InReview", "issue_number": 5}
    checks: dict[str, Any] = {"state": "none", "contexts": {}}
    known = {"task_id": "poison", "state": "open", "merged": False, "head_sha": "c1", "status": checks}
    state = trial.lane.state
    state |= {"running": 4, "tasks": {"poison": task | {"pr_number": 7, "head_sha": "c1"}}}
    state["pulls"] = {"7": known | {"reviews": {}}}
    state["kickoffs"]["4"]["status"] = "Running"
    body = mark("pull", "shop-1/poison/pull", "shop-1", "poison")
    there = {"number": 7, "title": "A", "body": body, "state": "closed", "merged": False, "author": "bot",
             "author_id": 1, "head": {"ref": "agent/shop-1/poison", "sha": "c1", "repo_id": 7},
             "base": {"ref": "main"}, "reviews": [], "status": checks}  # fmt: skip
    request = {"type": "look", "what": "pull", "number": 7, "key": "look:pull:7"}
    told = {**SAID, "type": "seen", "what": "pull", "number": 7, "request": request, "there": there}
    taken = [trial.take({**told, "key": f"seen:{n}"}) for n in range(3)]
    assert trial.tries == 1 and [len(one.dead) for one in taken] == [1, 0, 0]
    line: Any
    [line] = taken[0].actions
    assert line["type"] == "comment" and line["number"] == 7 and "Internal error" in line["body"]
    assert trial.lane.state["pulls"]["7"]["state"] == "closed"
