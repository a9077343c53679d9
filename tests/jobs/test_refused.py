"""What the forge refuses leaves no sprint waiting in silence: a person is told, and the way out leads on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.repository_labels import declared_policy
from handlers.switchboard import composition_for, expand
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell.clock import text_of
from shell.store import Loaded
from shell.store.fields import empty

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
SAID = {"forge": "gitea", "repo_id": 7, "repo": "acme/shop"}
ME = {"id": 1, "login": "bot"}
SET = {"framework": "stub", "time_limit_s": 60, "merge": "on-approval", "parallel": 2, "pipeline": "standard"}
POLICY: Any = declared_policy() | SET | {"me": ME}
Shape = dict[str, Any]


class Lane:
    """One lane's state and all that is asked of the world, decided by the real compositions."""

    def __init__(self, kickoff: Shape, **state: Any) -> None:
        allowed = {"login": "ann", "at": text_of(BEGAN), "user_id": 2, "permission": "write"}
        repo = {"forge": "gitea", "repo_id": 7, "full_name": "acme/shop", "default_branch": "main"}
        known = {"repo": repo, "me": ME, "permissions": {"ann": allowed}, "marks": {}}
        named = {"id": "shop-1", "number": 4, "goal": "Shoes", "asked_at": text_of(BEGAN)} | kickoff
        self.state: Any = empty() | known | {"kickoffs": {"4": named}} | state
        self.seconds = 0

    def now(self) -> str:
        self.seconds += 1
        return text_of(BEGAN + timedelta(seconds=self.seconds))

    def take(self, type_: str, **fields: Any) -> Any:
        """The actions that one event comes to."""
        event: Any = SAID | {"type": type_, "key": f"{type_}:{self.seconds}", "at": self.now()} | fields
        decider = Decider(expand, composition_for, run_pure, lambda _: POLICY, self.now, lambda *_: set())
        decided = decide(Loaded("gitea-7", self.state), [event], decider)
        assert decided.dead == []
        self.state = decided.state
        return decided.actions

    def hear(self, text: str) -> Any:
        """What a comment of ann on the kickoff comes to."""
        who = {"author": "ann", "author_id": 2, "actor": "ann", "actor_id": 2}
        about = {"issue_number": 4, "is_pull": False, "comment_id": 90 + self.seconds}
        return self.take(
            "issue_comment", body=text, previous=None, hint="created", found=True, **who, **about
        )


def running(*names: str) -> tuple[Lane, list[Shape]]:
    """A sprint that begins with these tasks, and the actions that ask for their issues."""
    tasks = {
        n: {"id": n, "title": n.upper(), "agent_id": n, "status": "Pending", "attempt": 0} for n in names
    }
    lane = Lane({"status": "Running"}, running=4, tasks=tasks)
    return lane, of("create_issue", lane.take("sprint_approved", number=4))


def of(type_: str, actions: list[Shape]) -> list[Shape]:
    return [action for action in actions if action["type"] == type_]


def test_a_refused_issue_is_told_on_the_kickoff_and_a_retry_there_asks_for_it_again() -> None:
    lane, [asked] = running("a")
    notes = set()
    for _ in range(2):
        [told] = lane.take("refused", action=asked, status=403, message="No room for issues.")
        notes.add(told["key"])
        assert (told["type"], told["number"]) == ("comment", 4)
        assert "its issue could not be opened: No room for issues" in told["body"]
        assert "`/retry` here" in told["body"]
        task = lane.state["tasks"]["a"]
        assert task["status"] == "Escalated" and "No room for issues." in task["wait"]
        [why] = of("comment", lane.hear("/why"))
        assert "No room for issues" in why["body"]
        [asked] = of("create_issue", lane.hear("/retry"))
    assert len(notes) == 2
    lane.take("performed", action=asked, result={"number": 8, "html_url": "u"})
    assert lane.state["tasks"]["a"]["issue_number"] == 8


def test_a_task_whose_issue_is_refused_can_be_left_out() -> None:
    lane, [asked, other] = running("a", "b")
    lane.take("refused", action=asked, status=422, message="no")
    lane.take("performed", action=other, result={"number": 8, "html_url": "u"})
    lane.hear("/skip")
    assert lane.state["tasks"]["a"]["status"] == "Skipped"


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_kickoff_that_cannot_be_read_says_so_and_can_be_planned_again(status: int) -> None:
    lane = Lane({"status": "Planning"})
    look = {"type": "look", "what": "issue", "number": 4, "key": "look:issue:4"}
    [told] = lane.take("refused", action=look, status=status, message="not for you")
    assert told["number"] == 4 and "not for you" in told["body"] and "`/plan`" in told["body"]
    assert lane.state["kickoffs"]["4"]["status"] == "Proposed"
    assert "look:issue:4" in {action["key"] for action in lane.hear("/plan")}


def test_a_task_without_an_issue_is_taken_over_by_nobody() -> None:
    lane, [asked, other] = running("a", "b")
    lane.take("performed", action=other, result={"number": 8, "html_url": "u"})
    lane.take("refused", action=asked, status=422, message="no")
    [told] = of("comment", lane.hear("/take-over"))
    assert "issue could not be opened" in told["body"] and "`/retry`" in told["body"]
    assert lane.state["tasks"]["a"]["status"] == "Escalated"
