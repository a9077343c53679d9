"""What people say and do in an order that no single example shows, decided by the real compositions."""

from typing import Any

import pytest

from tests.jobs.test_refused import POLICY, Lane, Shape, of

PULL = {"pr_number": 20, "task_id": "a"}


def sprint(**tasks: Shape) -> Lane:
    """A running sprint whose tasks have issues, from number 10 on, as soon as they ask for one."""
    shapes = {
        name: {"id": name, "title": name.upper(), "agent_id": name, "status": "Pending", "attempt": 0}
        | {"position": place}
        | fields
        for place, (name, fields) in enumerate(tasks.items(), 1)
    }
    lane = Lane({"status": "Running"}, running=4, tasks=shapes)
    for number, asked in enumerate(of("create_issue", lane.take("sprint_approved", number=4)), 10):
        lane.take("performed", action=asked, result={"number": number, "html_url": "u"})
    return lane


def task(lane: Lane, name: str = "a") -> Any:
    return lane.state["tasks"][name]


def started(lane: Lane, name: str = "a") -> None:
    lane.take("agent_started", task_id=name, agent_id=name, attempt=task(lane, name)["attempt"])


def finished(lane: Lane, outcome: str, name: str = "a", **fields: Any) -> Any:
    attempt = task(lane, name)["attempt"]
    return lane.take(
        "agent_finished", task_id=name, agent_id=name, attempt=attempt, outcome=outcome, **fields
    )


def said(lane: Lane, text: str) -> Any:
    """What a comment of ann on the first task's issue comes to."""
    who = {"author": "ann", "author_id": 2, "actor": "ann", "actor_id": 2}
    about = {"issue_number": 10, "is_pull": False, "comment_id": 90 + lane.seconds}
    return lane.take("issue_comment", body=text, previous=None, hint="created", found=True, **who, **about)


def in_review(lane: Lane) -> None:
    """The first task's pull request is open and waits for a review."""
    started(lane)
    lane.take("pr_opened", head_sha="h1", **PULL)
    finished(lane, "done", pr_number=20, head_sha="h1", changed=["x"])
    assert task(lane)["status"] == "InReview"


def reviewed(lane: Lane, state: str, body: str = "") -> Any:
    who = {"actor": "ann", "actor_id": 2, "pr_author_id": 1, "allowed": True}
    about = {"commit_sha": "h1", "review_id": lane.seconds, "body": body, "comments": []}
    return lane.take("pr_review_submitted", review_state=state, created_at=lane.now(), **who, **about, **PULL)


@pytest.mark.parametrize("follow", ["auto", "ask"])
def test_a_milestone_whose_tasks_have_all_ended_is_passed_over(
    follow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(POLICY, "milestones", follow)
    lane = sprint(a={"milestone": "M1"}, b={"milestone": "M2"}, c={"milestone": "M3"})
    in_review(lane)
    lane.hear("/skip b")
    [told] = of("comment", lane.take("pr_merged", **PULL))
    assert "M3" in told["body"] and "M2" not in told["body"]
    if follow == "ask":
        [told] = of("comment", lane.hear("/next"))
        assert "M3 begins." in told["body"]
    assert task(lane, "c")["status"] == "Ready"


def test_a_changed_setting_counts_also_where_everything_waits_for_people(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(POLICY, "merge", "manual")
    lane = sprint(a={})
    in_review(lane)
    assert of("merge_pr", reviewed(lane, "approved")) == []
    monkeypatch.setitem(POLICY, "merge", "on-approval")
    found = {"commit": "c2", "problems": [], "values": {"merge": "on-approval"}}
    look = {"type": "look", "what": "config", "branch": "main", "known": None, "key": "look:config"}
    asked = of("merge_pr", lane.take("seen", what="config", request=look, there=found))
    assert [action["pr_number"] for action in asked] == [20]


def test_another_login_is_found_whatever_became_of_the_task_that_met_the_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(POLICY, "logins", {"stub": "k1"})
    lane = sprint(a={}, b={})
    for name in ("a", "b"):
        started(lane, name)
    [wake] = of("wake_up", finished(lane, "auth", "a", reason="bad key"))
    assert of("wake_up", finished(lane, "auth", "b", reason="bad key")) == []
    lane.hear("/skip a")
    lane.seconds += 60
    [wake] = of("wake_up", lane.take("performed", action=wake, result={}))
    monkeypatch.setitem(POLICY, "logins", {"stub": "k2"})
    lane.seconds += 60
    [spawned] = of("spawn_agent", lane.take("performed", action=wake, result={}))
    assert spawned["task_id"] == "b"


def close_and_reopen(lane: Lane) -> None:
    for what in ("issue_closed", "issue_reopened"):
        lane.take(what, issue_number=10, actor="ann", allowed=True)


def test_a_person_keeps_their_task_when_its_issue_is_closed_and_opened_again() -> None:
    lane = sprint(a={}, b={})
    said(lane, "/take-over")
    close_and_reopen(lane)
    assert (task(lane)["status"], task(lane)["human"]) == ("HumanAssigned", "ann")


@pytest.mark.parametrize("what", ["issue", "pull"])
def test_a_draft_that_is_closed_and_opened_again_is_not_merged(what: str) -> None:
    lane = sprint(a={}, b={})
    started(lane)
    lane.take("pr_opened", head_sha="h1", draft=True, **PULL)
    finished(lane, "unverified", pr_number=20, head_sha="h1", reason="`test` failed")
    if what == "issue":
        close_and_reopen(lane)
    else:
        lane.take("pr_closed", **PULL)
        lane.take("pr_reopened", head_sha="h1", **PULL)
    assert task(lane)["status"] == "Escalated" and task(lane)["wait"]
    assert of("merge_pr", reviewed(lane, "approved")) == []


def test_a_hint_outlives_that_its_issue_was_closed_and_opened_again() -> None:
    lane = sprint(a={}, b={})
    in_review(lane)
    said(lane, '/retry --hint "Use the other table."')
    started(lane)
    lane.take("issue_closed", issue_number=10, actor="ann", allowed=True)
    finished(lane, "stopped")
    [spawned] = of("spawn_agent", lane.take("issue_reopened", issue_number=10, actor="ann", allowed=True))
    assert "Use the other table." in spawned["prompt"]


@pytest.mark.parametrize("back", ["/hand-back", "/retry"])
def test_the_next_run_hears_what_a_review_said_while_a_person_had_the_task(back: str) -> None:
    lane = sprint(a={}, b={})
    in_review(lane)
    said(lane, "/take-over")
    reviewed(lane, "changes_requested", "Name the unit.")
    assert task(lane)["status"] == "HumanAssigned"
    [spawned] = of("spawn_agent", said(lane, back))
    assert "Name the unit." in spawned["prompt"]


def test_a_persons_own_merge_ends_their_task_also_where_the_close_of_its_issue_is_heard_first() -> None:
    lane = sprint(a={}, b={"depends_on": ["a"]}, c={})
    said(lane, "/take-over")
    lane.take("issue_closed", issue_number=10, actor="ann", allowed=True)
    assert task(lane, "b")["status"] == "Blocked"
    theirs = {
        "number": 30, "state": "closed", "merged": True, "merged_at": lane.now(), "merge_sha": "m1",
        "author": "ann", "author_id": 2, "body": "Closes #10", "labels": [], "reviews": [],
        "head": {"ref": "mine", "sha": "d1", "repo_id": 7}, "base": {"ref": "main", "sha": "q"},
        "status": {"state": "none", "contexts": {}}, "requested": [],
    }  # fmt: skip
    lane.take("seen", what="pull", number=30, there=theirs, request={})
    assert (task(lane)["status"], task(lane, "b")["status"]) == ("Done", "Ready")


def test_a_merge_that_a_skip_came_too_late_for_is_done() -> None:
    lane = sprint(a={}, b={"depends_on": ["a"]}, c={})
    in_review(lane)
    [merge] = of("merge_pr", reviewed(lane, "approved"))
    said(lane, "/skip")
    assert task(lane)["status"] == "Skipped"
    lane.take("performed", action=merge, result={"merged": True})
    assert (task(lane)["status"], task(lane, "b")["status"]) == ("Done", "Ready")
