"""Whose words an edit is, and what of it is new: by the deliveries that told of it, in whatever order."""

import hashlib
from typing import Any

import pytest

from handlers.switchboard import composition_for, expand
from jobs.action_handlers import keyed
from jobs.context import run_pure
from jobs.decide import Decider, decide
from shell.store import Loaded
from shell.store.fields import empty

LANE, AT = "gitea-7", "2026-11-21T07:00:00.000Z"
REPO = {"forge": "gitea", "repo_id": 7, "repo": "acme/shop", "at": AT}
ALICE, MALLORY = {"actor": "alice", "actor_id": 2}, {"actor": "mallory", "actor_id": 66}
POLICY: Any = {"me": {"login": "bot", "id": 1}, "command_labels": []}


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Lane:
    """The real switchboard and the real looks; what a command comes to is left out."""

    def __init__(self) -> None:
        self.state: Any = empty() | {"repo": {"full_name": "acme/shop"}, "pulls": {"5": {}}}
        self.seen: set[str] = set()
        self.look: Any = {}
        self.answers = 0

    def take(self, *events: dict[str, Any]) -> list[str]:
        """The names of the commands that these events came to."""
        route = {"changed": "notice", "seen": "differences"}
        decider = Decider(
            expand,
            lambda event: route.get(event["type"]) and composition_for(event),
            run_pure,
            lambda state: POLICY,
            lambda: AT,
            lambda lane, keys: self.seen.intersection(keys),
        )
        inbox: list[Any] = [REPO | event for event in events]
        decided = decide(Loaded(LANE, self.state), inbox, decider)
        assert decided.dead == []
        self.state = decided.state
        self.seen.update(decided.keys)
        for action in decided.actions:
            self.look = action if action.get("what") == "issue" else self.look
        told = [entry["event"] for entry in decided.entries]
        return [event["name"] for event in told if event["type"] == "command"]

    # An issue's own text

    def opens(self, body: str) -> None:
        """Alice opens an issue."""
        assert self.take(changed("opened", ALICE, body, "")) == []

    def edits(self, who: dict[str, Any], before: str, after: str) -> None:
        assert self.take(changed("edited", who, after, hash_of(before))) == []

    def looks(self, body: str) -> list[str]:
        """The newest look that was asked for is answered."""
        return self.take(self.answered(seen(body, self.look)))

    def reconciles(self, body: str) -> list[str]:
        request = {"type": "look", "caused": {"hint": "reconcile"}}
        return self.take(self.answered(seen(body, request) | {"found": True}))

    def answered(self, event: dict[str, Any]) -> dict[str, Any]:
        self.answers += 1
        return event | {"type": "seen", "key": f"seen:{self.answers}"}

    # A comment

    def catches_up(self, *comments: Any) -> list[str]:
        there = {"date": AT, "issues": [], "pulls": [], "comments": [keyed(one) for one in comments]}
        request = {"type": "look", "what": "catch_up", "key": "look:catch_up"}
        return self.take(self.answered({"what": "catch_up", "request": request, "there": there}))


def changed(hint: str, who: dict[str, Any], body: str, was: str | None) -> dict[str, Any]:
    texts = {"body_hash": hash_of(body)} | ({} if was is None else {"body_was": was})
    return {"type": "changed", "key": f"changed:{hint}:{body}", "object": "issue", "number": 5,
            "hint": hint, **who, **texts}  # fmt: skip


def seen(body: str, request: dict[str, Any]) -> dict[str, Any]:
    there = {"number": 5, "title": "A sprint", "body": body, "state": "open", "author": "alice"}
    there |= {"author_id": 2, "labels": [], "is_pull": False, "html_url": "u"}
    return {"what": "issue", "number": 5, "request": request, "there": there}


@pytest.fixture
def lane() -> Lane:
    return Lane()


@pytest.fixture
def met(lane: Lane) -> Lane:
    """A lane that has seen Alice's issue `Shoes.`."""
    lane.opens("Shoes.")
    assert lane.looks("Shoes.") == []
    return lane


def test_an_author_s_edit_runs_what_is_new(met: Lane) -> None:
    met.edits(ALICE, "Shoes.", "Shoes.\n\n/plan")
    assert met.looks("Shoes.\n\n/plan") == ["plan"]
    assert met.looks("Shoes.\n\n/plan") == []


def test_a_stranger_s_edit_is_not_the_author_s_when_both_are_seen_by_one_look(met: Lane) -> None:
    met.edits(MALLORY, "Shoes.", "Shoess.\n\n/plan")
    met.edits(ALICE, "Shoess.\n\n/plan", "Shoes.\n\n/plan")
    assert met.looks("Shoes.\n\n/plan") == []
    assert met.state["issues"]["5"].get("edits") is None, "settled"
    met.edits(ALICE, "Shoes.\n\n/plan", "Shoes.\n\n/plan\n/status")
    assert met.looks("Shoes.\n\n/plan\n/status") == ["status"]


def test_a_label_that_takes_the_look_s_place_does_not_hide_the_editor(met: Lane) -> None:
    met.edits(ALICE, "Shoes.", "Shoes.\n\n/plan")
    met.take({"type": "changed", "key": "l", "object": "issue", "number": 5, "hint": "labels", **MALLORY})
    assert met.look["caused"]["actor"] == "mallory"
    assert met.looks("Shoes.\n\n/plan") == ["plan"]


def test_another_title_by_the_author_does_not_answer_for_a_text(met: Lane) -> None:
    met.edits(ALICE, "Shoes.\n\n/plan", "Shoes.\n\n/plan")
    assert met.looks("Shoes.\n\n/plan") == []


def test_a_text_that_was_read_before_its_delivery_came_waits_for_it(met: Lane) -> None:
    assert met.reconciles("Shoes.\n\n/plan") == []
    met.edits(ALICE, "Shoes.", "Shoes.\n\n/plan")
    assert met.looks("Shoes.\n\n/plan") == ["plan"]
    met.edits(ALICE, "Shoes.", "Shoes.\n\n/plan")
    assert met.looks("Shoes.\n\n/plan") == [], "told again"


def test_a_stranger_s_text_that_was_read_before_its_delivery_came_stays_hers(met: Lane) -> None:
    assert met.reconciles("Shoes.\n\n/plan") == []
    met.edits(ALICE, "Shoes.\n\n/plan", "Shoes!\n\n/plan\n/status")
    assert met.looks("Shoes!\n\n/plan\n/status") == ["status"]
    met.edits(MALLORY, "Shoes.", "Shoes.\n\n/plan")
    assert met.looks("Shoes!\n\n/plan\n/status") == []


def test_a_delivery_that_was_lost_leaves_nobody_to_answer_for_the_text(met: Lane) -> None:
    met.edits(ALICE, "Shoes.\n\n/plan", "Shoes!\n\n/plan")
    assert met.looks("Shoes!\n\n/plan") == []


def test_a_delivery_that_does_not_say_what_the_text_was_names_nobody(met: Lane) -> None:
    met.take(changed("edited", ALICE, "/plan", None))
    assert met.looks("/plan") == []


def test_an_edit_during_a_look_is_seen_by_the_next_one(met: Lane) -> None:
    met.edits(ALICE, "Shoes.", "Shoes.\n\n/plan")
    met.edits(ALICE, "Shoes.\n\n/plan", "Shoes.\n\n/plan\n/status")
    assert met.looks("Shoes.\n\n/plan") == ["plan"]
    assert met.looks("Shoes.\n\n/plan\n/status") == ["status"]


def test_of_an_issue_never_met_a_stranger_s_edit_runs_nothing(lane: Lane) -> None:
    lane.edits(MALLORY, "Shoes.", "Shoes.\n\n/plan")
    assert lane.looks("Shoes.\n\n/plan") == []
    lane.edits(ALICE, "Shoes.\n\n/plan", "Shoes!\n\n/plan\n/status")
    assert lane.looks("Shoes!\n\n/plan\n/status") == ["status"]


def test_of_an_issue_never_met_its_author_s_edit_runs_all(lane: Lane) -> None:
    lane.edits(ALICE, "/status", "/status\n/plan")
    assert lane.looks("/status\n/plan") == ["status", "plan"]


def test_of_a_new_issue_a_stranger_s_edit_before_the_first_look_runs_nothing(lane: Lane) -> None:
    lane.opens("Shoes.")
    assert lane.looks("Shoes.\n\n/plan") == [], "edited while it was looked at"
    lane.edits(MALLORY, "Shoes.", "Shoes.\n\n/plan")
    assert lane.looks("Shoes.\n\n/plan") == []


def test_of_a_new_issue_its_author_s_edit_before_the_first_look_counts(lane: Lane) -> None:
    lane.opens("/stauts")
    assert lane.looks("/status") == []
    lane.edits(ALICE, "/stauts", "/status")
    assert lane.looks("/status") == ["status"]


@pytest.mark.parametrize(
    "text",
    ["/plan\n", "Goal.\n\n1. /plan\n", "> Goal.\n\n2) /plan\n", "- [x] /plan\n", "Goal.\r\r/plan\r",
     f"/plan\n\n{'Goal. ' * 4000}\n", "/caloron /plan\n"],
    ids=["plain", "ordered", "behind a quote", "box", "lone CR", "long", "prefixed"],
)  # fmt: skip
def test_what_a_text_asked_for_does_not_run_again_after_another_edit(lane: Lane, text: str) -> None:
    lane.opens(text)
    assert lane.looks(text) == ["plan"]
    after = text.replace("[x]", "[ ]") + "\nThanks."
    lane.edits(ALICE, text, after)
    assert lane.looks(after) == []


# Comments


def said(body: str, hint: str = "created", previous: Any = None, **more: Any) -> dict[str, Any]:
    told = {"type": "issue_comment", "key": f"comment:9:{hash_of(body)}", "issue_number": 5, "comment_id": 9}
    who = {"author": "alice", "author_id": 2, **ALICE}
    times = {"written_at": "2026-11-20T07:00:00.000Z", "created_at": AT}
    return {
        **told,
        **who,
        **times,
        "is_pull": False,
        "body": body,
        "previous": previous,
        "hint": hint,
        **more,
    }


def found(body: str, edited: bool = True) -> dict[str, Any]:
    there = {"comment_id": 9, "author": "alice", "author_id": 2, "body": body, "issue_number": 5}
    return there | {
        "created_at": "a",
        "updated_at": "b" if edited else "a",
        "html_url": "u",
        "is_pull": False,
    }


def test_an_edit_that_looking_found_first_acts_when_its_delivery_comes(lane: Lane) -> None:
    assert lane.take(said("/sttaus")) == []
    assert lane.catches_up(found("/status")) == []
    assert lane.take(said("/status", "edited", "/sttaus")) == ["status"]
    assert lane.catches_up(found("/status")) == []
    assert lane.take(said("/status", "edited", "/sttaus")) == []


def test_an_edit_whose_first_words_were_never_heard_runs_all(lane: Lane) -> None:
    assert lane.take(said("/status\n\nThanks.", "edited", "/status")) == ["status"]
    assert lane.take(said("/status")) == [], "the first words come late"
    assert lane.catches_up(found("/status\n\nThanks.")) == []


def test_an_edit_by_a_stranger_whose_first_words_were_never_heard_runs_nothing(lane: Lane) -> None:
    assert lane.take(said("/status\n/plan", "edited", "/status", **MALLORY)) == []
    assert lane.take(said("/status")) == ["status"], "the author's own words, late"


def test_what_ran_does_not_run_again_where_an_edit_between_was_lost(lane: Lane) -> None:
    assert lane.take(said("/status")) == ["status"]
    assert lane.take(said("/status\n/plan\nThanks.", "edited", "/status\n/plan")) == ["plan"]


def test_an_edit_may_ask_again_for_what_was_taken_away(lane: Lane) -> None:
    assert lane.take(said("/status")) == ["status"]
    assert lane.take(said("Never mind.", "edited", "/status")) == []
    assert lane.take(said("/status, please", "edited", "Never mind.")) == []
    assert lane.take(said("/status\n\nPlease.", "edited", "/status, please")) == ["status"]


def test_an_edit_without_its_old_words_runs_only_its_author_s_and_only_once(lane: Lane) -> None:
    assert lane.take(said("/status")) == ["status"]
    assert lane.take(said("/status\n/plan", "edited", None, **MALLORY)) == []
    assert lane.take(said("/status\n/why\n/plan", "edited", None)) == ["why", "plan"]


def test_first_words_that_come_after_an_edit_without_them_run_only_what_is_left(lane: Lane) -> None:
    assert lane.take(said("/status\n/plan", "edited", None)) == ["status", "plan"]
    assert lane.take(said("/why\n/status")) == ["why"]


def test_of_a_comment_so_old_that_it_may_be_forgotten_only_the_difference_runs(lane: Lane) -> None:
    old = {"written_at": "2026-10-01T07:00:00.000Z"}
    assert lane.take(said("/status\n/plan", "edited", "/status", **old)) == ["plan"]
    assert lane.take(said("/status\n/why", "edited", None, **old)) == []
